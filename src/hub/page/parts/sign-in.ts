/** The sign-in form of a page that other machines reach; on the machine itself also that of the first password. */
import type { Session } from "../../page-server/api.ts";
import { api } from "../api.ts";
import { h, setText } from "../dom.ts";
import { icon } from "../icons.ts";
import { sentence } from "../model/text/words.ts";

interface Words {
  readonly title: string;
  readonly hint: string;
  readonly label: string;
  readonly button: string;
}

const signIn: Words = {
  title: "Sign in",
  hint: "This heater’s page is accessible from other machines. Enter its password.",
  label: "Password",
  button: "Sign in",
};
const first: Words = {
  title: "Set a password",
  hint: "This page is open to other machines of your network. Choose the password that they must enter, of 8 characters or more.",
  label: "New password",
  button: "Set password",
};

/** @param onSignedIn called after a successful sign-in */
export function makeSignIn({ passwordSet, maySetPassword }: Session, onSignedIn: () => void): HTMLElement {
  if (!passwordSet && !maySetPassword) return makeRefusal();
  const isFirst = !passwordSet;
  const { title, hint, label, button } = isFirst ? first : signIn;
  const password = h("input", {
    id: "password",
    type: "password",
    autocomplete: isFirst ? "new-password" : "current-password",
    required: true,
    minlength: isFirst ? 8 : undefined,
    "aria-describedby": "sign-in-problem",
  });
  const problem = h("p", { id: "sign-in-problem", class: "problem", role: "alert" });
  const submit = async (event: Event) => {
    event.preventDefault();
    const body = { password: password.value };
    const answer = await (isFirst ? api.setFirstPassword(body) : api.signIn(body));
    password.value = "";
    if (answer.ok) return onSignedIn();
    setText(problem, sentence(answer.message));
    password.focus();
  };
  return h(
    "main",
    { class: "sign-in card" },
    h("h1", {}, icon("key"), title),
    h("p", { class: "hint" }, hint),
    h(
      "form",
      { class: "field", on: { submit: (event) => void submit(event) } },
      h("label", { for: "password" }, label),
      password,
      problem,
      h("button", { type: "submit", class: "primary" }, button),
    ),
  );
}

/** For another machine, before there is a password. */
const makeRefusal = (): HTMLElement =>
  h(
    "main",
    { class: "sign-in card" },
    h("h1", {}, icon("key"), "No password yet"),
    h(
      "p",
      { class: "hint" },
      "This page opens to other machines once it has a password. Set it on the heater itself:",
    ),
    h("pre", {}, "grove-heater page password"),
  );
