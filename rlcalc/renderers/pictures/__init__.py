"""Pictures: from the charts of a result to SVG, PNG, PDF, one HTML page, or blocks of text.

`specification` describes them in Vega-Lite, which `images` and `page` draw; `blocks` needs nothing.
"""
