"""What a company would send: a seeded consumer-goods sales force, the files it writes, and the truth beside them.

`simulation.company.simulate` is the way in. The mechanisms are in docs/simulation.md, every number in
`simulation.parameters`. Nothing that computes figures may read `truth/`.
"""
