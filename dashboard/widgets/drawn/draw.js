// Puts what the server drew into the page, and opens its links without a reload.
export default function ({ data, parentElement }) {
  // Not the parent itself: it holds the style sheet.
  const root = parentElement.querySelector("#drawn");
  if (root.drawn !== data) {
    // Inert while it is looked through. The server has escaped all of it; this is a second wall.
    const page = new DOMParser().parseFromString(data, "text/html");
    page
      .querySelectorAll("script, iframe, object, embed, link, meta, form, style")
      .forEach((one) => one.remove());
    for (const one of page.querySelectorAll("*"))
      for (const { name } of [...one.attributes])
        if (name.startsWith("on") || name === "srcdoc") one.removeAttribute(name);
    root.replaceChildren(...page.body.childNodes);
    // What did not change keeps focus and scroll through a rerun.
    root.drawn = data;
  }
  root.onclick = (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
      return;
    if (link.origin !== location.origin) return;
    event.preventDefault();
    // What Streamlit's own page links do.
    history.pushState(null, "", link.href);
    window.dispatchEvent(new PopStateEvent("popstate", { state: null }));
  };
}
