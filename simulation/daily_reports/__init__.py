"""Legacy daily reports: what offices without a form send, and the truth of what stands in them.

The paper route's facts (visits, moves, actions, contracts) leave as Excel daily reports, WeChat exports, WeCom
journals and DingTalk reports, as dirty as `levels` says. `truth/told_facts.parquet` and `truth/told_names.parquet`
say what each file tells, of whom. `docs/simulation.md` describes it.

    facts      a chunk's reports as told facts, one row a customer and interaction
    levels     the rates of everything that goes wrong, at three levels of dirt
    names      how customers and reps are called
    spoken     days and amounts as people say them
    phrases, sentences   a fact in words
    spelling   typing errors, homophones, dialect, emoji, full-width digits
    diary      a rep's day as messages, in the rep's own style
    chats, chat_json, journals    those messages as exports
    layouts, cells, workbooks     the same facts as Excel daily reports
    write      office by office, month by month
"""
