#!/bin/sh
# Sees to it that a Chromium and a font with Chinese signs are here; says the command where it may not.
set -eu

browser() { [ -n "${CHROMIUM:-}" ] && [ -x "$CHROMIUM" ] || command -v chromium chromium-browser google-chrome >/dev/null 2>&1; }
font() { ! command -v fc-list >/dev/null 2>&1 || [ -n "$(fc-list :lang=zh-cn family)" ]; }

if [ -n "${CHROMIUM:-}" ] && [ ! -x "$CHROMIUM" ]; then
    echo "CHROMIUM=$CHROMIUM is no program" >&2
    exit 1
fi
if browser && font; then exit 0; fi

if command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then
        root=""
    elif sudo -n true 2>/dev/null; then
        root="sudo -n"
    else
        root="none"
    fi
    if [ "$root" != none ]; then
        echo "installing chromium and fonts-noto-cjk"
        $root apt-get update -qq
        $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            chromium fonts-noto-cjk fontconfig
        if browser && font; then exit 0; fi
    fi
fi
echo "The browser tests need Chromium and a font with Chinese signs. Install them, then try again:" >&2
echo "    sudo apt-get install chromium fonts-noto-cjk" >&2
echo "or name a Chromium of yours: CHROMIUM=/path/to/chromium make test" >&2
exit 1
