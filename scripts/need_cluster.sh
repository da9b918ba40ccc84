#!/bin/sh
# Sees to it that the programs of the cluster test are here; says the command where it may not.
set -eu
PATH=$PATH:/usr/sbin:/sbin

lacking() {
    for pair in nginx:nginx pgbouncer:pgbouncer ip:iproute2 setpriv:util-linux curl:curl openssl:openssl; do
        if ! command -v "${pair%%:*}" >/dev/null 2>&1; then printf ' %s' "${pair#*:}"; fi
    done
    if ! ls /usr/lib/postgresql/*/bin/pg_basebackup >/dev/null 2>&1; then printf ' postgresql'; fi
}

# What a package would start by itself stays off: now by policy-rc.d, and at the next start of the
# machine because systemd is told so.
install() {
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null
        $root chmod +x "$policy"
        trap '$root rm -f "$policy"' EXIT
    fi
    $root apt-get update -qq
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
    if [ -d /run/systemd/system ]; then
        for name in "$@"; do
            case $name in
                nginx | pgbouncer | postgresql) $root systemctl disable --quiet "$name" || true ;;
            esac
        done
    fi
}

missing=$(lacking)
if [ -z "$missing" ]; then exit 0; fi
if command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then
        root=""
    elif sudo -n true 2>/dev/null; then
        root="sudo -n"
    else
        root="none"
    fi
    if [ "$root" != none ]; then
        echo "installing$missing"
        # shellcheck disable=SC2086  # a list of names
        install $missing
        if [ -z "$(lacking)" ]; then exit 0; fi
    fi
fi
echo "The cluster test needs more programs. Install them, then try again:" >&2
echo "    sudo apt-get install$missing" >&2
exit 1
