#!/bin/bash
# Runs the hostile programs and compares how each ends with hostile/expect.txt.
#   hostile.sh [--emulated] native [PATTERN]  on this Linux itself, as an ordinary user
#   hostile.sh [--emulated] guest [PATTERN]   in guest mode, each in a machine of its own
# PATTERN, a bash regular expression, picks lines: `hostile.sh native '^instruction'`. --emulated
# allows for the known faults of an emulated processor.
set -u
cd "$(dirname "$0")/.."
emulated=
if [ "${1:-}" = --emulated ]; then
  emulated=yes
  shift
fi
mode=${1:-} pattern=${2:-.}
list=guest-kernel/src/test/guest/hostile/expect.txt
programs=$PWD/guest-kernel/target/guest/hostile
case $mode in native | guest) ;; *) sed -n '2,6s/^# //p' "$0" >&2; exit 2 ;; esac
[ -x "$programs/jump" ] || { echo "hostile.sh: no programs in $programs: run scripts/guests.sh" >&2; exit 2; }

ulimit -c 0
if [ -d /dev/shm ]; then work=$(mktemp -d /dev/shm/hostile.XXXXXX); else work=$(mktemp -d); fi
trap 'rm -rf "$work"' EXIT
mkdir "$work/programs" "$work/empty"
cp "$programs"/* "$work/programs/"
chmod 755 "$work" "$work/programs"
chmod 777 "$work/empty"
user=()
[ "$(id -u)" = 0 ] && user=(setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs)

launch() { # PROGRAM ARG...
  local program=$1
  shift
  if [ "$mode" = native ]; then
    (cd "$work/empty" && exec timeout -s KILL 30 "${user[@]}" "$work/programs/$program" "$@")
  else
    timeout -s KILL 120 ./scripts/run.sh exec -- "$programs/$program" "$@"
  fi
}

# The end as the list writes it, from a shell's exit code.
ending() {
  if [ "$1" -le 128 ]; then
    echo "exit $1"
  else
    local name
    name=$(kill -l $(($1 - 128)) 2> /dev/null)
    echo "SIG${name:-$(($1 - 128))} SIG$(($1 - 128))"
  fi
}

fits() { # END EXPECTED
  local -a choices
  local choice
  IFS='|' read -ra choices <<< "$2"
  for choice in "${choices[@]}"; do
    case " $1 " in *" $choice "*) return 0 ;; esac
  done
  return 1
}

# {a..b} or {a..b..step} as one word per number, in hex.
expand() {
  local words=$1 range low high step
  if [[ $words =~ \{([0-9a-fx]+)\.\.([0-9a-fx]+)(\.\.([0-9a-fx]+))?\} ]]; then
    range=${BASH_REMATCH[0]} low=$((BASH_REMATCH[1])) high=$((BASH_REMATCH[2]))
    step=$((${BASH_REMATCH[4]:-1}))
    for ((; low <= high; low += step)); do echo "${words/"$range"/$(printf '0x%x' "$low")}"; done
  else
    echo "$words"
  fi
}

right=0 wrong=0
while IFS= read -r line; do
  [[ $line == \#* || -z $line ]] && continue
  [[ $line =~ $pattern ]] || continue
  words=${line%% =>*} expected=${line#*=> } native='' other=''
  if [[ $expected == *" emulated: "* ]]; then
    other=${expected#* emulated: } expected=${expected%% emulated: *}
  fi
  if [[ $expected == *" native: "* ]]; then
    native=${expected#* native: } expected=${expected%% native: *}
  fi
  [ "$mode" = native ] && [ -n "$native" ] && expected=$native
  [ -n "$emulated" ] && [ -n "$other" ] && expected=$other
  [ "$expected" = skip ] && continue
  while IFS= read -r run; do
    # shellcheck disable=SC2086 # words of the list are separate arguments
    launch $run < /dev/null > "$work/output" 2>&1
    end=$(ending $?)
    if fits "$end" "$expected"; then
      right=$((right + 1))
    else
      wrong=$((wrong + 1))
      echo "$run: wanted $expected, got $end; it said: $(head -c 300 "$work/output" | tr '\n' ' ')"
    fi
  done < <(expand "$words")
done < "$list"
echo "hostile, $mode: $right as expected, $wrong not"
[ "$wrong" = 0 ] && [ "$right" -gt 0 ]
