"""Simulate an Affise tenant: a real HTTP server over a world that a seed determines, with a virtual clock.

`world` is the truth and knows no HTTP; `shapes` writes it as the API does; `faults` names every switch; `server` serves
it and `controls` lets tests move it. Nothing here is shared with the client, so that both cannot be wrong alike.
"""
