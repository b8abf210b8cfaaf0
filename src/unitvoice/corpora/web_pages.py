"""Telling a web page from the file that was asked for."""

import codecs

__all__ = ["looks_like_web_page"]


def looks_like_web_page(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a web page.

    >>> looks_like_web_page(b" <!DOCTYPE html>")
    True
    """
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<!--"))
