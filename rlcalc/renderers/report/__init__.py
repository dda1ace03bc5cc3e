"""The report: a page of HTML that is one file and needs nothing else.

`page` fills `page.html`, with `style.css` and `script.js` inside it; `drawings` makes the pictures.
"""
