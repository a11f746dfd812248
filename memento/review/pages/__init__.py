"""The library in a browser: values in, HTML out.

    library, journal ─> Past ─> views ─> templates ─> one self-contained page each
                                                          │
                        writing   all of them in a folder, for `memento report`
                        serving   one at a time on 127.0.0.1, with approve and reject, for `memento serve`

What skills, traces and commits say is untrusted. Four walls stand between it and a browser: templates
escape what they print, hidden characters are spelled out on the way (`text`), Markdown comes without
HTML, images and any link but http (`markdown`), and a Content-Security-Policy names our own style and
script by hash and allows nothing else.
"""
