"""Panels inside notebooks: a Python side that holds state and answers messages, for each module of the npm build.

Nothing here is imported by `import hay_say_lab`; anywidget comes with `player` and `progress` alone.
"""
