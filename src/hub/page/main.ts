/**
 * Folder page/: the page in the browser. Built separately; connects to page-server/ only.
 *
 * The page of the local hub: signs in, follows the event stream, and shows the state.
 *
 * Guarantee: one state, changed only by `reduce`; the document is updated at most once a frame.
 */
import { seconds } from "../../base/units.ts";
import type { HubInfo } from "../page-server/api.ts";
import { deviceInAddress, showInAddress } from "./address.ts";
import { makeAnnouncer } from "./announcer.ts";
import { type Answer, api } from "./api.ts";
import { installPage } from "./app/installed.ts";
import { browserClock as clock } from "./browser-clock.ts";
import { Fetched } from "./fetched.ts";
import { emptyState, type PageEvent, reduce } from "./model/state.ts";
import { pageTitle } from "./model/status.ts";
import { tellNow } from "./model/text/times.ts";
import { showTemperaturesIn, temperatureUnit } from "./model/text/units.ts";
import { makeAway } from "./parts/away.ts";
import type { Context } from "./parts/context.ts";
import { makePage } from "./parts/page.ts";
import { makeSignIn } from "./parts/sign-in.ts";
import { openStream } from "./stream.ts";

const announcer = makeAnnouncer(clock);

async function expect<T>(answer: Promise<Answer<T>>): Promise<T | undefined> {
  const got = await answer;
  if (got.ok) return got.value;
  // The session has expired: the reload shows the sign-in.
  if (got.code === "sign-in") location.reload();
  announcer.announce(got.message, "bad");
  return undefined;
}

/** @param guarded whether the hub has a password, and the page a sign-out button */
function run(guarded: boolean): void {
  let state = emptyState;
  let frame = 0;
  /** The hub's clock minus the browser's, in ms. */
  let ahead = 0;
  const context: Context = {
    clock,
    ...(guarded ? { signOut: () => void api.signOut().then(() => location.reload()) } : {}),
    dispatch,
    showSpan: (minutes) => fetched.showSpan(minutes),
    announce: announcer.announce,
    expect,
  };
  const fetched = new Fetched({
    expect,
    dispatch,
    state: () => state,
    nowMs: () => clock.wallNow() + ahead,
  });
  let page: ReturnType<typeof makePage> | undefined;
  const view = () => ({ state, nowMs: clock.wallNow() + ahead });
  const draw = () => {
    frame = 0;
    tellNow(clock.wallNow() + ahead);
    document.title = pageTitle(state);
    page?.update(view());
  };
  function redraw(): void {
    if (frame === 0) frame = requestAnimationFrame(draw);
  }
  function dispatch(event: PageEvent): void {
    const before = state.shown;
    state = reduce(state, event);
    // The address named one that the list did not have before.
    const named = deviceInAddress();
    if (event.type === "hello" && state.devices.some(({ id }) => id === named))
      state = reduce(state, { type: "show", deviceId: named });
    if (event.type === "show") showInAddress(state.shown);
    if (event.type === "hello") {
      ahead = event.hub.nowMs - clock.wallNow();
    }
    if (state.hub !== undefined) begin(state.hub.unit);
    // Events may have been missed before `hello`: fetch everything shown again.
    if (state.shown !== before || event.type === "hello") void fetched.everything();
    redraw();
  }
  /** Texts such as "3 min ago" change without an event. */
  const tick = () => {
    redraw();
    clock.setTimer(seconds(1), tick);
  };
  /** The parts know their unit when they are made. */
  function begin(unit: HubInfo["unit"]): void {
    if (page !== undefined && temperatureUnit() === `°${unit}`) return;
    showTemperaturesIn(unit);
    page = makePage(context);
    document.body.replaceChildren(page.root, announcer.root);
  }
  begin("C");
  addEventListener("hashchange", () => {
    const deviceId = deviceInAddress();
    if (state.devices.some(({ id }) => id === deviceId)) dispatch({ type: "show", deviceId });
  });
  openStream(clock, dispatch, (link) => dispatch({ type: "link", link }));
  tick();
}

const retryEvery = seconds(3);

async function start(): Promise<void> {
  const session = await api.session();
  if (!session.ok) {
    document.title = "Does not answer · Heater";
    const cancel = clock.setTimer(retryEvery, () => void start());
    const retry = () => {
      cancel();
      void start();
    };
    // Drawn once, so that a focused button stays.
    if (document.querySelector("[data-away-page]") === null) {
      const away = makeAway(() => retryNow());
      away.dataset["awayPage"] = "";
      document.body.replaceChildren(away);
    }
    retryNow = retry;
  } else if (session.value.passwordNeeded && !session.value.signedIn) {
    document.body.replaceChildren(makeSignIn(session.value, () => run(true)));
  } else run(session.value.passwordNeeded);
}

let retryNow = (): void => {};

void start();
void installPage();
