/**
 * Folder page/: the page in the browser. Built separately; connects to page-server/ only.
 *
 * The page of the local hub: signs in, follows the event stream, and shows the state.
 *
 * Guarantee: one state, changed only by `reduce`; the document is updated at most once a frame.
 */
import { millis, seconds } from "../../base/units.ts";
import { makeAnnouncer } from "./announcer.ts";
import { type Answer, api } from "./api.ts";
import { browserClock as clock } from "./browser-clock.ts";
import { pageTitle } from "./model/status.ts";
import { emptyState, type PageEvent, reduce } from "./model/state.ts";
import type { Context } from "./parts/context.ts";
import { makePage } from "./parts/page.ts";
import { makeSignIn } from "./parts/sign-in.ts";
import { openStream } from "./stream.ts";

/** The longest span that comes from the hub's memory, and is fetched before one is chosen. */
const firstSpan = 24 * 60;

const announcer = makeAnnouncer(clock);

/** @param guarded whether the hub has a password, and the page a sign-out button */
function run(guarded: boolean): void {
  let state = emptyState;
  let frame = 0;
  /** The hub's clock minus the browser's, in ms. */
  let ahead = 0;
  let spanMinutes = firstSpan;
  const context: Context = {
    clock,
    ...(guarded ? { signOut: () => void api.signOut().then(() => location.reload()) } : {}),
    dispatch,
    showSpan(minutes) {
      spanMinutes = Math.max(firstSpan, minutes);
      if (state.shown !== undefined) void fetchHistory(state.shown);
    },
    announce: announcer.announce,
    async expect<T>(answer: Promise<Answer<T>>): Promise<T | undefined> {
      const got = await answer;
      if (got.ok) return got.value;
      // The session has expired: the reload shows the sign-in.
      if (got.code === "sign-in") location.reload();
      announcer.announce(got.message, "bad");
      return undefined;
    },
  };
  const page = makePage(context);
  const view = () => ({ state, nowMs: clock.wallNow() + ahead });
  const draw = () => {
    frame = 0;
    document.title = pageTitle(state);
    page.update(view());
  };
  function redraw(): void {
    if (frame === 0) frame = requestAnimationFrame(draw);
  }
  function dispatch(event: PageEvent): void {
    const before = state.shown;
    state = reduce(state, event);
    if (event.type === "hello") ahead = event.hub.nowMs - clock.wallNow();
    // Events may have been missed before `hello`: fetch everything shown again.
    if (state.shown !== before || event.type === "hello") void fetchShown();
    redraw();
  }
  async function fetchShown(): Promise<void> {
    const deviceId = state.shown;
    if (deviceId === undefined) return;
    const [detail, events] = await Promise.all([
      context.expect(api.device(deviceId)),
      context.expect(api.timeline(deviceId)),
      fetchHistory(deviceId),
      fetchLog(deviceId),
    ]);
    if (detail !== undefined) dispatch({ type: "detail", detail });
    if (events !== undefined) dispatch({ type: "past", deviceId, events });
  }
  async function fetchLog(deviceId: string): Promise<void> {
    if (state.hub?.kind !== "device") return;
    const lines = await context.expect(api.log(deviceId));
    if (lines !== undefined) dispatch({ type: "log-past", deviceId, lines });
  }
  async function fetchHistory(deviceId: string): Promise<void> {
    const asked = spanMinutes;
    const sinceMs = clock.wallNow() + ahead - asked * 60_000;
    const history = await context.expect(api.history(deviceId, sinceMs));
    // Another span may have been chosen meanwhile, whose answer may have come before.
    if (history !== undefined && asked === spanMinutes) dispatch({ type: "history", deviceId, history });
  }
  /** Texts such as "3 min ago" change without an event. */
  const tick = () => {
    redraw();
    clock.setTimer(seconds(1), tick);
  };
  document.body.replaceChildren(page.root, announcer.root);
  openStream(clock, dispatch, (link) => dispatch({ type: "link", link }));
  tick();
}

async function start(): Promise<void> {
  const session = await api.session();
  if (!session.ok) {
    announcer.announce(session.message, "bad");
    document.body.replaceChildren(announcer.root);
    clock.setTimer(millis(3_000), () => void start());
  } else if (session.value.passwordNeeded && !session.value.signedIn) {
    document.body.replaceChildren(makeSignIn(session.value, () => run(true)));
  } else run(session.value.passwordNeeded);
}

void start();
