"""The programs are run by test_programs.py, and no tests themselves."""

collect_ignore = ["programs"]
