/** A web server that says the machine's name. Python takes seconds to start. */
export const SERVE = `
mkdir -p /run/web
printf %s "$0" >/run/web/index.html
if command -v systemd-run >/dev/null; then
  systemd-run --quiet -p WorkingDirectory=/run/web python3 -m http.server --bind :: 80
  timeout 300 sh -c 'until nc -z localhost 80; do sleep 0.2; done'
else
  httpd -h /run/web
fi
`;

/** Each word is an address or name and the name that its server must say. Prints the others. */
export const LOST = `
for pair; do
  to=\${pair%%=*}
  for at in 1 2 3 4 5 6 7 8 9 10; do
    answer=$(printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 "$to" 80 2>&1 | tail -n 1)
    test "$answer" = "\${pair#*=}" && continue 2
    sleep 0.5
  done
  echo "$pair: $answer"
done
`;

/**
 * Prints the same words if they lead to that server at the first attempt, and the lines of /etc/hosts that match a
 * pattern. Beyond the gateway, another server may have such an address.
 */
export const REACHED = `
for pair; do
  answer=$(printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 "\${pair%%=*}" 80 2>/dev/null | tail -n 1)
  test "$answer" = "\${pair#*=}" && echo "$pair"
done
grep "$0" /etc/hosts
true
`;

/** The hardware addresses of the two on the bridge. */
export const BRIDGE_MACS: Readonly<Record<string, string>> = {
  web: '52:54:00:aa:00:02',
  mail: '52:54:00:aa:00:03',
};

/** The addresses of the two on the bridge, by IPv4 from the DHCP server of `web`, and their names. */
export const ON_BRIDGE = `
card=$(grep -l "$0" /sys/class/net/*/address | cut -d / -f 5)
if test -d /etc/systemd/network; then
  cat >/etc/systemd/network/05-bridge.network <<END
[Match]
MACAddress=$0
[Network]
Address=10.76.0.2/24
Address=fd76::2/64
DHCPServer=yes
[DHCPServer]
EmitRouter=no
EmitDNS=no
[DHCPServerStaticLease]
MACAddress=$1
Address=10.76.0.3
END
  timeout 60 networkctl reload || { systemctl list-jobs; journalctl -b -n 40 --no-pager; exit 1; } >&2
else
  ip address add fd76::3/64 dev "$card"
  for at in $(seq 120); do
    ip -o address show dev "$card" | grep -q 10.76.0.3 && break
    sleep 0.5
  done
fi
printf '%s\\n' '10.76.0.2 web.bridge' 'fd76::2 web6.bridge' '10.76.0.3 mail.bridge' 'fd76::3 mail6.bridge' >>/etc/hosts
`;
