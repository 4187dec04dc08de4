#!/usr/bin/env bash
# Runs a command on a machine of its own as far as the network goes: a private, a unique local and a global address, and a
# default route into a cable that ends in nothing. Fails when the command does, or when a packet was meant for another machine
# (multicast aside). To be started by `unshare --net`, as root.
#
# Browsers ask for their makers' servers by themselves, whatever page they show; those questions are left out, and since nobody
# answers them, nothing else of the kind can follow.
set -euo pipefail

ip link set lo up
ip link add lan0 type veth peer name end0
ip link set end0 up
ip link set lan0 arp off up # nobody answers there, and what is sent should be seen all the same
ip addr add 192.168.77.1/24 dev lan0
ip addr add fd77::1/64 dev lan0 nodad
ip addr add 2001:db8:77::1/64 dev lan0 nodad
ip route add default dev lan0
ip -6 route add default dev lan0

folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
packets() { tcpdump -nr "$folder/packets" "$@" 2>/dev/null; }
touch "$folder/said"
tcpdump -Z root -i lan0 --immediate-mode -U -w "$folder/packets" 2>"$folder/said" &
capture=$!
until grep -q 'listening on' "$folder/said"; do
  kill -0 "$capture" || { cat "$folder/said" >&2; exit 1; }
  read -rt 0.1 <> <(:) || true
done

status=0
"$@" || status=$?
# What was sent before this one has been seen when this one has.
echo end >/dev/udp/239.255.77.77/9
until packets 'host 239.255.77.77' | grep -q .; do
  kill -0 "$capture" || exit 1
  read -rt 0.1 <> <(:) || true
done
kill "$capture"
wait "$capture" || true
makers='\? ([a-z0-9-]+\.)*(google\.com|googleapis\.com|gstatic\.com|mozilla\.(com|net|org)|firefox\.com)\. '
left=$(packets 'not ip multicast and not ip6 multicast' | grep -vE "$makers" || true)
if [ -n "$left" ]; then
  printf 'packets that left for another machine:\n%s\n' "$left" >&2
  exit 1
fi
exit "$status"
