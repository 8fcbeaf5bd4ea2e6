// Starts the terminal of textual-serve in this page, once its font is there, by which it measures its cells.

history.replaceState(null, "", location.pathname); // without the token, for which a cookie stands from now on

const terminal = document.getElementById("terminal");
const address = new URL("terminal", location.href);
address.protocol = address.protocol.replace("http", "ws");
terminal.dataset.sessionWebsocketUrl = address.href;

const button = document.querySelector("#ended button");
button.addEventListener("click", () => location.reload());

function draw() {
  const script = document.createElement("script");
  script.src = "static/js/textual.js";
  script.addEventListener("load", () => window.onload()); // which it has set, to be called when the page is there: it is
  document.head.append(script);
}

// That script tells how it stands with its websocket by classes of the page.
new MutationObserver(() => {
  const isClosed = document.body.classList.contains("-closed");
  (isClosed ? button : terminal.querySelector("textarea")).focus();
}).observe(document.body, { attributeFilter: ["class"] });

const faces = ["", "bold ", "italic "].map((face) => document.fonts.load(`${face}15px "Roboto Mono"`));
window.addEventListener("load", () => Promise.allSettled(faces).then(draw));
