#!/usr/bin/env bash
# Times `quittance match` against a plain DuckDB join on reference and amount of the same files, in turns, and prints three figures:
# the wall time of ours over theirs (median of the rounds' ratios), our peak memory, and how our time grows from a tenth to the whole.
#
#   benches/match_vs_duckdb.sh [PAYMENTS] [ROUNDS]
#
# Needs python3 with the duckdb package (PYTHON=…), GNU time for memory, and a release build of quittance (QUITTANCE=…;
# cargo build --release --bin quittance). BOOK=… keeps the generated books between runs. Both sides may use THREADS threads (2).
set -euo pipefail
payments=${1:-1000000}
rounds=${2:-3}
threads=${THREADS:-2}
here=$(cd "$(dirname "$0")/.." && pwd)
quittance=${QUITTANCE:-$here/target/release/quittance}
python=${PYTHON:-python3}
book=${BOOK:-$(mktemp -d)}
trap '[ -n "${BOOK:-}" ] || rm -rf "$book"' EXIT

"$python" -c 'import duckdb' 2> /dev/null || { echo "the python package duckdb is missing: $python -m pip install duckdb" >&2; exit 2; }
[ -x "$quittance" ] || { echo "$quittance is missing: cargo build --release --bin quittance, or QUITTANCE=…" >&2; exit 2; }
tenth=$((payments / 10))
for size in "$tenth" "$payments"; do
  [ -f "$book/$size/payments.csv" ] || "$quittance" simulate --seed 11 --payments "$size" --out "$book/$size" > "$book/made"
done

# The join a careful analyst writes first: the first reference-like word of the text, upper case, is the invoice number, and the amount
# and currency are equal. Read from CSV and written to CSV, like ours; no types are guessed, so no time is lost on that.
cat > "$book/join.py" <<'PY'
import sys, time, duckdb
folder, threads = sys.argv[1], int(sys.argv[2])
start = time.monotonic()
db = duckdb.connect(config={"threads": threads})
db.execute(f"""
COPY (
  SELECT p.payment_id, i.invoice_id, i.amount AS applied_amount, 'auto' AS decision
  FROM read_csv('{folder}/payments.csv', all_varchar=true) p
  JOIN read_csv('{folder}/invoices.csv', all_varchar=true) i
    ON regexp_extract(upper(p.remittance), '[A-Z0-9]*[-/]?[0-9]+[-/]?[0-9]*[-/]?[0-9]+') = upper(i.invoice_no)
   AND p.amount = i.amount AND p.currency = i.currency
) TO '{folder}/duckdb_out.csv' (HEADER)
""")
print(time.monotonic() - start)
PY

# Wall seconds of ours on a book; the peak in KiB goes to the second argument.
ours() {
  local begin end status=0
  begin=$(date +%s.%N)
  /usr/bin/env time -f '%M' -o "$2" "$quittance" match --threads "$threads" --customers "$1/customers.csv" --invoices "$1/invoices.csv" \
    --payments "$1/payments.csv" --fx "$1/fx.csv" --out "$1/out.csv" 2> "$1/notices" || status=$?
  end=$(date +%s.%N)
  # 1: done, some rows left out and named.
  [ "$status" -le 1 ] || { cat "$1/notices" >&2; exit "$status"; }
  echo "$end - $begin" | bc
}
median() { printf '%s\n' "$@" | sort -g | sed -n "$((($# + 1) / 2))p"; }
ratio() { echo "scale=2; $1 / $2" | bc; }

ratios=() whole=() part=() theirs=() memory=0
for _ in $(seq "$rounds"); do
  t=$("$python" "$book/join.py" "$book/$payments" "$threads")
  a=$(ours "$book/$payments" "$book/peak")
  b=$(ours "$book/$tenth" "$book/peak_tenth")
  peak=$(tail -1 "$book/peak")
  [ "$peak" -le "$memory" ] || memory=$peak
  theirs+=("$t") whole+=("$a") part+=("$b") ratios+=("$(ratio "$a" "$t")")
  echo "round: quittance $a s, DuckDB $t s, quittance on a tenth $b s"
done
echo "quittance match: $(median "${whole[@]}") s; DuckDB join: $(median "${theirs[@]}") s; ratio $(median "${ratios[@]}")"
echo "peak memory: $((memory / 1024)) MiB"
echo "time($payments) / time($tenth): $(ratio "$(median "${whole[@]}")" "$(median "${part[@]}")")"
