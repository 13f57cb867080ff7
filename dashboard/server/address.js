// One entry in the browser's history for each view that somebody opens.
//
// Streamlit writes an entry each time the server writes into the address of the page that is
// shown, so Back would walk through the defaults of a page before it leaves it; and a link that
// stays on its page does not change the address, so the next click on that page loses the view.
// Nor does it open a link in a new tab for those who ask for one.
(() => {
  const push = history.pushState.bind(history);
  // The page that a clicked link leads to, until the address says so.
  let leavingFor = null;

  history.pushState = (state, unused, url) => {
    const to = new URL(url ?? location.href, location.href);
    if (to.pathname !== location.pathname) {
      if (to.pathname === leavingFor) leavingFor = null;
      push(state, unused, url);
    } else if (leavingFor === null) {
      history.replaceState(state, unused, url);
    }
    // Else the next page writes its query before its path: this page's entry keeps its own, and
    // Streamlit writes the query again together with the path.
  };

  addEventListener("popstate", () => {
    leavingFor = null;
  });

  const isOurs = (link) =>
    (link.target === "" || link.target === "_self") &&
    !link.hasAttribute("download") &&
    link.origin === location.origin;

  const opensElsewhere = (event) =>
    event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;

  // Before Streamlit's own listeners.
  addEventListener(
    "click",
    (event) => {
      const [clicked] = event.composedPath();
      const link = clicked instanceof Element ? clicked.closest("a[href]") : null;
      if (link === null || !isOurs(link)) return;
      if (opensElsewhere(event)) {
        event.stopPropagation();
        return;
      }
      leavingFor = link.pathname === location.pathname ? null : link.pathname;
      if (leavingFor === null && link.search !== location.search) {
        event.preventDefault();
        event.stopPropagation();
        push({}, "", link.href);
        // Streamlit then draws what the address says, as it does for Back.
        dispatchEvent(new PopStateEvent("popstate", { state: {} }));
      }
    },
    true,
  );
})();
