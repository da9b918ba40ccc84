#!/bin/sh
# Sees to it that a Chromium and a font with Chinese signs are here; says the command where it may not.
set -eu

browser() {
    if [ -n "${CHROMIUM:-}" ]; then return 0; fi
    for name in chromium chromium-browser google-chrome; do
        if command -v "$name" >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

# Without fc-list a font is told by the names of the files in the usual folders.
font() {
    if command -v fc-list >/dev/null 2>&1; then
        [ -n "$(fc-list :lang=zh-cn family)" ]
        return
    fi
    shares=${XDG_DATA_DIRS:-/usr/local/share:/usr/share}:${HOME:-/}/.local/share
    old_ifs=$IFS
    IFS=:
    set -- $shares
    IFS=$old_ifs
    for folder in "$@"; do
        if [ -n "$(chinese_files "$folder/fonts")" ]; then return 0; fi
    done
    [ -n "$(chinese_files "${HOME:-/}/.fonts")" ]
}

chinese_files() {
    find "$1" -type f \( -iname '*cjk*' -o -iname '*wqy*' -o -iname '*sourcehan*' -o -iname '*uming*' \
        -o -iname '*ukai*' -o -iname 'droidsansfallback*' -o -iname 'simsun*' -o -iname 'msyh*' \
        -o -iname '*notosanssc*' -o -iname '*notoserifsc*' \) 2>/dev/null || true
}

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
