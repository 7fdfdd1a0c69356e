"""The front door: collect what is seen, judge it, choose what to do.

`check_url` is the visitor's side, `explain_materials` whatever a person has on paper.
"""
