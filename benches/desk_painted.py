#!/usr/bin/env python3
"""How fast the pages of the queue are in a browser, with many open cases: from the key to the paint.

    benches/desk_painted.py DATABASE [ROUNDS]

DATABASE is an SQLite file with a book, such as the one `cargo bench --bench desk_speed -- sqlite:///tmp/desk.db`
leaves behind (100,000 open cases). It is decided upon: take a copy. Needs chromium, chromedriver and a program built
(QUITTANCE=…, target/debug/quittance otherwise). Prints the 50th and 95th percentile in milliseconds of

  next case ....... the key j on a case, pressed after a reading time of 0.4 s, until the next case is painted
  next, at once ... the same without a reading time, so before it has been loaded ahead
  decided ......... the key e until the next case is painted, the decision written in between
  search .......... words in the list until the answer is painted
  list, start, customers, account: a whole page load until it is painted, with its weight in bytes as they cross the network
"""
import json, os, re, secrets, subprocess, sys, tempfile, time, urllib.parse, urllib.request

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
program = os.environ.get("QUITTANCE", os.path.join(root, "target/debug/quittance"))
database, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60
children = []


def ask(method, address, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, method=method, data=data, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)["value"]


def started(arguments, pattern):
    child = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    children.append(child)
    for line in child.stdout:
        found = re.search(pattern, line)
        if found:
            return found.group(1)
    sys.exit(f"{arguments[0]} did not start")


PAINTED = """
const done = arguments[arguments.length - 1], what = arguments[0], value = arguments[1];
const root = document.documentElement, before = root.dataset.ready + location.href, begun = performance.now();
const painted = () => requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun), 0));
const look = () => {
  if (root.dataset.ready + location.href !== before && document.getElementById('desk')) painted();
  else if (performance.now() - begun > 20000) done(-1);
  else requestAnimationFrame(look);
};
document.dispatchEvent(new KeyboardEvent('keydown', { key: value, bubbles: true }));
look();
"""
LOADED = """
const done = arguments[0];
const told = () => {
  const all = performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'));
  const paint = performance.getEntriesByType('paint').find((one) => one.name === 'first-contentful-paint');
  done([paint ? paint.startTime : performance.now(), all.reduce((sum, one) => sum + one.encodedBodySize, 0)]);
};
document.fonts.ready.then(() => setTimeout(told, 60));
"""


def told(what, times, more=""):
    times = sorted(one for one in times)
    if not times:
        print(f"{what:<34} nothing measured")
        return
    if times[0] < 0:
        print(f"{what:<34} never came")
        return
    at = lambda share: times[min(len(times) * share // 100, len(times) - 1)]
    print(f"{what:<34} p50 {at(50):>7.1f} ms   p95 {at(95):>7.1f} ms   n {len(times)}{more}", flush=True)


def main():
    url = f"sqlite://{os.path.abspath(database)}"
    name, password = f"bench{secrets.token_hex(3)}", secrets.token_hex(16)
    made = subprocess.run([program, "user", "add", name, "--role", "admin", "--db", url], capture_output=True, text=True)
    link = re.search(r"/set-password/\S+", made.stdout + made.stderr)
    if not link:
        sys.exit(f"no person could be added: {made.stdout}{made.stderr}")
    base = started([program, "serve", "--db", url, "--listen", "127.0.0.1:0"], r"serving (http://\S+)")
    driver = "http://127.0.0.1:" + started(["chromedriver", "--port=0"], r"successfully on port (\d+)")
    profile = tempfile.mkdtemp()
    arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                 "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}"]
    wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}}
    session = f"{driver}/session/" + ask("POST", f"{driver}/session", wanted)["sessionId"]
    go = lambda path: ask("POST", f"{session}/url", {"url": base + path})
    run = lambda script, *values: ask("POST", f"{session}/execute/sync", {"script": script, "args": values})
    wait = lambda script, *values: ask("POST", f"{session}/execute/async", {"script": script, "args": values})
    cdp = lambda command, **values: ask("POST", f"{session}/goog/cdp/execute", {"cmd": command, "params": values})
    ask("POST", f"{session}/timeouts", {"script": 60000})
    cdp("Emulation.setDeviceMetricsOverride", width=1440, height=900, deviceScaleFactor=1, mobile=False)

    go(link.group(0))
    run("for (const f of document.querySelectorAll('input[type=password]')) f.value = arguments[0]; document.querySelector('form.stack').submit()", password)
    time.sleep(2)
    go("/sign-in")
    run("const n = document.querySelector('[name=name]'); if (n) { n.value = arguments[0]; document.querySelector('[name=password]').value = arguments[1]; document.querySelector('form.stack').submit() }", name, password)
    time.sleep(2)

    # Pages as a whole, nothing kept by the browser.
    cdp("Network.enable")
    for path in ["/queue", "/", "/customers", "/audit", "/evidence", "/imports", "/policy"]:
        times, weight = [], 0
        for _ in range(max(rounds // 6, 5)):
            cdp("Network.clearBrowserCache")
            go(path)
            paint, weight = wait(LOADED)
            times.append(paint)
        told(f"page {path}", times, f"   {weight:,} bytes")

    go("/queue")
    first = run("return document.querySelector('#rows tr[data-case]')?.dataset.link")
    if not first:
        sys.exit("the book has no open case")
    cdp("Network.clearBrowserCache")
    go(first)
    paint, weight = wait(LOADED)
    told("page of a case", [paint], f"   {weight:,} bytes")

    def keys(key, count, pause):
        times = []
        for _ in range(count):
            time.sleep(pause)
            times.append(wait(PAINTED, "key", key))
        return times

    go(first)
    time.sleep(1)
    told("next case, j after 0.4 s", keys("j", rounds, 0.4))
    told("next case, j at once", keys("j", rounds, 0))
    begun = time.monotonic()
    times = keys("e", rounds, 0)
    told("decided, e to the next case", times)
    each = (time.monotonic() - begun) / rounds
    print(f"{'decided, one after the other':<34} {3600 / each:,.0f} cases an hour without a reading time; for 900 an hour, {4 - each:.2f} s of it a case are left")

    texts = ["INV-1050000", "1050000", "kunde 77", "kunde", "zahlung 3 handel", "inv-10500", "nothing such", "9,1"]
    times = []
    for at in range(rounds):
        go("/queue?q=" + urllib.parse.quote(texts[at % len(texts)]))
        times.append(run("return performance.getEntriesByType('paint').find((one) => one.name === 'first-contentful-paint')?.startTime ?? performance.now()"))
    told("search, to the first paint", times)
    ask("DELETE", session)


try:
    main()
finally:
    for child in children:
        child.terminate()
