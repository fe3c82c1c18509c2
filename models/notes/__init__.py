"""Note reading: what salespeople write becomes facts, each with the text it came from and a confidence.

    reader = NoteReader(load_lexicon())
    for reading in reader.read(messages): ...

Pure: messages in, readings out; no files, no clock. The definitions are those of docs/notes.md.
"""

from models.notes.facts import Fact, Message, Reading
from models.notes.reader import READER_VERSION, THRESHOLD, NoteReader

__all__ = ["READER_VERSION", "THRESHOLD", "Fact", "Message", "NoteReader", "Reading"]
