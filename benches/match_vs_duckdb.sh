#!/usr/bin/env bash
# Times `quittance match` against a plain DuckDB join on reference and amount of the same files, in turns, and prints the ratio.
#
#   benches/match_vs_duckdb.sh [PAYMENTS] [ROUNDS]
#
# Needs a release build (cargo build --release --bin quittance), python3 with the duckdb package (PYTHON=…), and GNU time for memory.
set -euo pipefail
payments=${1:-1000000}
rounds=${2:-3}
here=$(cd "$(dirname "$0")/.." && pwd)
quittance=${QUITTANCE:-$here/target/release/quittance}
python=${PYTHON:-python3}
book=${BOOK:-$(mktemp -d)}
trap '[ -n "${BOOK:-}" ] || rm -rf "$book"' EXIT

[ -f "$book/payments.csv" ] || "$quittance" simulate --seed 11 --payments "$payments" --out "$book"
cat > "$book/join.py" <<'PY'
import sys, time, duckdb
folder = sys.argv[1]
start = time.monotonic()
db = duckdb.connect(config={"threads": 2})
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
ours=() theirs=()
for _ in $(seq "$rounds"); do
  theirs+=("$("$python" "$book/join.py" "$book")")
  begin=$(date +%s.%N)
  /usr/bin/env time -f '%M' -o "$book/memory" "$quittance" match --customers "$book/customers.csv" --invoices "$book/invoices.csv" \
    --payments "$book/payments.csv" --fx "$book/fx.csv" --out "$book/out.csv" 2> "$book/notices"
  ours+=("$(echo "$(date +%s.%N) - $begin" | bc)")
done
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }
a=$(median "${ours[@]}") b=$(median "${theirs[@]}")
echo "quittance match: ${a} s, peak $(tail -1 "$book/memory") KiB; DuckDB join: ${b} s; ratio $(echo "scale=2; $a / $b" | bc)"
