"""Rules that matter, as programs that teach: they read the tree, and each says what to do when it is broken.

How to add a rule
=================

1. **Is it a rule?** It belongs here when breaking it would be found late (in review, in production, by a customer) and
   a program can see it in the files. What ruff, mypy, import-linter, deptry or buf can express goes into
   ``pyproject.toml`` or ``proto/buf.yaml`` instead, with its reason beside it.

2. **Find its room.** ``test_rooms`` the shape of a service · ``test_purity`` what code may touch · ``test_tree`` what
   no file may hold · ``test_contracts`` proto and events · ``test_promises`` the register · ``test_personal`` personal
   data and purposes · ``test_locks`` dependencies · ``test_reference`` generated documents.

3. **Write it as a function that yields breaches** from what ``tree`` has read (``Source`` for Python, ``texts`` for any
   file): no import of the code under judgement where its text says enough, no network, well under a second. A breach is
   one line: ``path:line what is wrong``.

4. **Write the test**: its name is the rule, its body one ``refuse(breaches, remedy)``. The remedy says what to do, not
   what is forbidden: "Take `clock: Clock` as an argument", not "datetime.now is not allowed".

5. **Plant a breach** in ``test_rules_catch``: a rule that was never seen to fail is a decoration.

6. **An exception carries its reason**, beside the rule and by path; three exceptions are a sign that the rule is wrong.
"""
