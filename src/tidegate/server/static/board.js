// What the pages do beyond links and forms: `/` focuses the search, ages stay true, a cell opens as a drawer.
// Everything works without it, one page at a time.
(() => {
  "use strict";
  const drawer = document.getElementById("drawer");
  const body = document.getElementById("drawer-body");

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    const search = document.getElementById("q");
    if (event.key === "/" && !typing && search && !event.ctrlKey && !event.metaKey && !event.altKey) {
      if (drawer && drawer.open) drawer.close();
      search.focus();
      search.select();
      event.preventDefault();
    }
  });

  // As spans.py has it.
  const units = [[31536000, "y"], [86400, "d"], [3600, "h"], [60, "min"]];
  const span = (seconds) => {
    for (const [length, name] of units) if (seconds >= length) return `${Math.floor(seconds / length)} ${name}`;
    return "<1 min";
  };
  setInterval(() => {
    for (const time of document.querySelectorAll("time[datetime]")) {
      const text = span((Date.now() - Date.parse(time.dateTime)) / 1000);
      if (time.textContent !== text) time.textContent = text;
    }
  }, 30000);

  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401) location.reload(); // the session has ended: the server says where to sign in
  });
  const offline = document.getElementById("offline");
  let missing;
  document.addEventListener("htmx:sseError", () => {
    if (missing) return;
    missing = setTimeout(() => { if (offline) offline.hidden = false; }, 5000);
    // Nothing says why: perhaps the session has ended, or is somebody else's now. Then the page is another one.
    fetch("/api/v1/session").then(async (answer) => {
      const out = answer.status === 401 || answer.status === 403;
      if (out || (answer.ok && (await answer.json()).user !== document.body.dataset.user)) location.reload();
    }).catch(() => {});
  });
  document.addEventListener("htmx:sseOpen", () => {
    clearTimeout(missing);
    missing = undefined;
    if (offline) offline.hidden = true;
  });

  if (!drawer) return;

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    // Rows have nothing of htmx's to take down, and it would look for it in each of their elements.
    if (target.id === "board") target.querySelector("tbody")?.replaceChildren();
    if (target === body) event.detail.shouldSwap = xhr.responseText.includes('id="detail"');
  });
  const load = (url) => htmx.ajax("GET", url, { target: body, select: "#detail", swap: "innerHTML" });
  const open = async (url) => {
    await load(url);
    if (!body.querySelector("#detail")) {
      location.assign(url); // what came is no cell: a sign-in, for instance
      return;
    }
    if (!drawer.open) drawer.showModal();
    drawer.scrollTop = 0;
    body.querySelector("h1")?.focus();
    const part = new URL(url, location.href).hash.slice(1);
    const found = part && document.getElementById(part);
    if (found) found.scrollIntoView({ block: "center" });
  };
  const home = () => drawer.dataset.home || "/";

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]") || event.target === drawer) {
      drawer.close();
      return;
    }
    const link = event.target.closest("#board .open, #board .why a, #drawer a");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || !/^\/services\/[^/]+\/[^/]+(\/promote)?$/.test(url.pathname)) return;
    event.preventDefault();
    if (!drawer.open) drawer.dataset.home = location.pathname + location.search;
    history.pushState({ drawer: true }, "", link.href);
    open(link.href);
  });
  drawer.addEventListener("close", () => {
    body.replaceChildren();
    if (location.pathname.startsWith("/services/")) history.pushState({}, "", home());
  });
  addEventListener("popstate", () => {
    if (location.pathname.startsWith("/services/")) open(location.href);
    else if (drawer.open) drawer.close();
    else location.reload(); // another filter
  });
  // A form in the drawer stays there: what the server answers is the cell as it is then, or what was wrong.
  drawer.addEventListener("submit", (event) => {
    const form = event.target;
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    const values = Object.fromEntries(new FormData(form));
    htmx.ajax("POST", form.action, { target: body, select: "#detail", swap: "innerHTML", values }).then(() => {
      button.disabled = false;
      const url = location.pathname.replace(/\/promote$/, "");
      if (url !== location.pathname) history.replaceState({ drawer: true }, "", url);
      body.querySelector("h1")?.focus();
    });
  });
  // The cell whose drawer is open has changed: so has what the drawer says.
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    const shown = body.querySelector("#detail");
    if (drawer.open && shown && event.target.id === shown.dataset.cell && !location.pathname.endsWith("/promote")) {
      load(location.href);
    }
  });
})();
