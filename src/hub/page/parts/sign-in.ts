/** The sign-in form of a hub that listens beyond loopback. */
import { api } from "../api.ts";
import { h, setText } from "../dom.ts";
import { icon } from "../icons.ts";
import { sentence } from "../model/words.ts";

/** @param onSignedIn called after a successful sign-in */
export function makeSignIn(onSignedIn: () => void): HTMLElement {
  const password = h("input", {
    id: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
    "aria-describedby": "sign-in-problem",
  });
  const problem = h("p", { id: "sign-in-problem", class: "problem", role: "alert" });
  const submit = async (event: Event) => {
    event.preventDefault();
    const answer = await api.signIn({ password: password.value });
    password.value = "";
    if (answer.ok) return onSignedIn();
    setText(problem, sentence(answer.message));
    password.focus();
  };
  return h(
    "main",
    { class: "sign-in card" },
    h("h1", {}, icon("key"), "Local hub"),
    h("p", { class: "hint" }, "This hub is accessible from other machines. Enter its password."),
    h(
      "form",
      { class: "field", on: { submit: (event) => void submit(event) } },
      h("label", { for: "password" }, "Password"),
      password,
      problem,
      h("button", { type: "submit", class: "primary" }, "Sign in"),
    ),
  );
}
