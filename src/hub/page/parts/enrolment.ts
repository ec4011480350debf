/** Enrols another device at the hub, and shows its connection string this once. */
import { type QrCode, qrCode } from "../../../base/qr-code.ts";
import type { Enrolled } from "../../page-server/enrolment/api.ts";
import { api } from "../api.ts";
import { h, type Part, s, setHidden, setText } from "../dom.ts";
import { icon } from "../icons.ts";
import { sentence } from "../model/text/words.ts";
import type { Context, View } from "./context.ts";

/** Light modules around the code, as scanners need them. */
const quiet = 4;

/** A picture of the code: dark on light in both colour schemes, as scanners need it. */
function drawCode(code: QrCode): SVGSVGElement {
  const side = code.length + 2 * quiet;
  const dark = code.flatMap((row, y) =>
    row.flatMap((isDark, x) => (isDark ? `M${x + quiet} ${y + quiet}h1v1h-1z` : [])),
  );
  return s(
    "svg",
    {
      class: "qr",
      viewBox: `0 0 ${side} ${side}`,
      role: "img",
      "aria-label": "QR code of the connection string",
    },
    s("rect", { width: side, height: side, class: "qr-light" }),
    s("path", { d: dark.join(""), class: "qr-dark" }),
  );
}

function makeResult({ announce }: Context, onDone: () => void) {
  const title = h("strong", {});
  const text = h("code", { class: "connection-string", tabindex: 0 });
  const picture = h("div", {});
  const copy = h(
    "button",
    {
      type: "button",
      class: "small",
      on: {
        click: () =>
          void navigator.clipboard.writeText(text.textContent ?? "").then(
            () => announce("Copied.", "good"),
            () => announce("The browser does not allow copying: select the text instead.", "bad"),
          ),
      },
    },
    "Copy",
  );
  const done = h("button", { type: "button", class: "small", on: { click: onDone } }, "Done");
  const root = h(
    "div",
    { class: "enrolled", hidden: true },
    title,
    h(
      "p",
      { class: "hint" },
      "Put it into the device’s credentials.json, with this hub’s CA certificate as caFile.",
    ),
    text,
    picture,
    h("p", { class: "row" }, copy, done),
  );
  return {
    root,
    show(enrolled: Enrolled | undefined) {
      setHidden(root, enrolled === undefined);
      setText(
        title,
        enrolled === undefined ? "" : `The connection string of ${enrolled.id}, shown this once:`,
      );
      setText(text, enrolled?.connectionString ?? "");
      const code = enrolled === undefined ? undefined : qrCode(enrolled.connectionString);
      picture.replaceChildren(...(code === undefined ? [] : [drawCode(code)]));
      // Browsers have a clipboard for pages of this machine and of HTTPS alone.
      setHidden(copy, !window.isSecureContext);
      if (enrolled !== undefined) text.focus();
    },
  };
}

export function makeEnrolment(context: Context): Part<View> {
  const id = h("input", {
    id: "enrol-id",
    type: "text",
    required: true,
    maxlength: 128,
    pattern: "[A-Za-z0-9\\-._:]{0,127}[A-Za-z0-9\\-]",
    title: "Letters, digits and - . _ :",
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": "enrol-problem",
  });
  const problem = h("p", { id: "enrol-problem", class: "problem", role: "alert" });
  const result = makeResult(context, () => {
    result.show(undefined);
    setHidden(form, false);
    id.focus();
  });
  const submit = async (event: Event) => {
    event.preventDefault();
    const answer = await api.enrol({ id: id.value });
    setText(problem, answer.ok ? "" : sentence(answer.message));
    if (!answer.ok) return id.focus();
    id.value = "";
    setHidden(form, true);
    result.show(answer.value);
  };
  const form = h(
    "form",
    { class: "field", on: { submit: (event) => void submit(event) } },
    h("label", { for: "enrol-id" }, "Device id"),
    h("span", { class: "row" }, id, h("button", { type: "submit", class: "small" }, "Add")),
    problem,
  );
  const title = h("strong", { id: "enrol-title" }, "Add a device");
  // A landmark, as the parts of the page are.
  const root = h(
    "section",
    { "aria-labelledby": "enrol-title" },
    h("details", { class: "card enrolment" }, h("summary", {}, icon("device"), title), form, result.root),
  );
  return {
    root,
    update({ state: { hub } }) {
      // A device alone has no registry.
      setHidden(root, hub?.kind !== "hub");
    },
  };
}
