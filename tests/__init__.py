"""Wakeful's tests; `tests.alone` and `tests.components` are shared by all of them."""
