"""When a page stands still: all that was asked of the server is answered and drawn."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Error, Locator, Page

#: Frames in a row in which nothing may come or go. A busy machine draws them later, too.
_FRAMES = 6
#: Field numbers of Streamlit's messages, and how a run ends that another one follows.
_RERUN_SCRIPT, _FRAGMENT_ID, _IS_AUTO_RERUN = 11, 5, 6
_METADATA, _RUN, _FRAGMENT_IDS = 2, 6, 2
_NEW_SESSION, _SCRIPT_FINISHED, _EARLY_FOR_RERUN = 4, 6, 2

# From a click to the server's word that the script runs, the page says that nothing runs: what the
# socket sent and got knows better. The script runs in one go from a new session to its end, and
# once more for what was asked after it began. What a page asks by itself, ever again, is not
# waited for, nor does its answer count for what somebody asked of the whole page.
_WATCH = f"""
(() => {{
  const varint = (bytes, at) => {{
    let value = 0, shift = 1, byte;
    do {{ byte = bytes[at++]; value += (byte & 127) * shift; shift *= 128; }} while (byte > 127);
    return [value, at];
  }};
  const fields = bytes => {{
    const found = new Map();
    for (let at = 0, tag, value; at < bytes.length;) {{
      [tag, at] = varint(bytes, at);
      if (![0, 2].includes(tag % 8)) break;
      [value, at] = varint(bytes, at);
      const end = tag % 8 === 2 ? at + value : at;
      found.set(Math.floor(tag / 8), tag % 8 === 2 ? bytes.subarray(at, end) : value);
      at = end;
    }}
    return found;
  }};
  const heard = new WeakSet(), send = WebSocket.prototype.send;
  let waits = "a run", begun = false, messages = 0;
  const ask = data => {{
    const asked = fields(data).get({_RERUN_SCRIPT});
    if (asked === undefined) return;
    const about = fields(asked);
    if (about.get({_IS_AUTO_RERUN})) return;
    waits = about.get({_FRAGMENT_ID})?.length && waits !== "a run" ? "a part" : "a run";
    begun = false;
  }};
  const isPart = found => {{
    const run = found.has({_METADATA}) && fields(found.get({_METADATA})).get({_RUN});
    return Boolean(run) && fields(run).has({_FRAGMENT_IDS});
  }};
  const hear = ({{data}}) => {{
    messages += 1;
    const found = fields(new Uint8Array(data)), ended = found.get({_SCRIPT_FINISHED});
    if (waits === "a run" && isPart(found)) return;
    if (found.has({_NEW_SESSION})) begun = true;
    else if (ended === {_EARLY_FOR_RERUN}) begun = false;
    else if (ended !== undefined && begun) waits = "nothing";
  }};
  WebSocket.prototype.send = function (data) {{
    if (!heard.has(this)) {{ heard.add(this); this.addEventListener("message", hear); }}
    if (data instanceof Uint8Array) ask(data);
    return send.call(this, data);
  }};
  const state = () =>
    document.querySelector("[data-testid='stApp']")?.dataset.testScriptState;
  const drawn = () => ![...document.querySelectorAll("[data-testid='stSkeleton']")]
    .some(one => one.checkVisibility());
  // A page that is not in front draws no frames.
  const frame = () => new Promise(done => {{
    requestAnimationFrame(() => setTimeout(done));
    setTimeout(done, 100);
  }});
  window.standsStill = async (frames, patience) => {{
    const until = performance.now() + patience;
    for (let still = 0, known = -1; still < frames; known = messages) {{
      await frame();
      const quiet = waits === "nothing" && state() === "notRunning" && drawn();
      still = quiet && known === messages ? still + 1 : 0;
      if (performance.now() > until) return `waits for ${{waits}}, ${{state()}}, ${{drawn()}}`;
    }}
    return "";
  }};
  window.staysWhereItIs = async one => {{
    for (let still = 0, known = ""; still < {_FRAMES};) {{
      await frame();
      const {{x, y}} = one.getBoundingClientRect(), now = `${{x}} ${{y}}`;
      still = now === known ? still + 1 : 0;
      known = now;
    }}
  }};
}})();
"""


def watch(context: BrowserContext) -> None:
    """Let the pages of a context, from their next document on, know when they stand still."""
    context.add_init_script(_WATCH)


def wait(page: Page, patience: float, frames: int = _FRAMES) -> None:
    """Wait until a page of the dashboard stands still, at most so many milliseconds.

    Raises:
        AssertionError: it does not.
    """
    for _ in range(5):
        page.wait_for_selector("[data-testid='stApp']")
        try:
            moves = page.evaluate(f"window.standsStill({frames}, {patience})")
        except Error as error:
            # It leads to another document meanwhile.
            if "context was destroyed" not in error.message:
                raise
            continue
        assert not moves, f"{page.url} {moves}"
        return
    raise AssertionError(f"{page.url} leads on and on")


def unmoved(target: Locator) -> None:
    """Wait until something stays where it is."""
    target.evaluate("one => window.staysWhereItIs(one)")
