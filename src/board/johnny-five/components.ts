/**
 * johnny-five's components that drive the panel and the relay, each read when it is asked for: the whole package would take 45 ms.
 *
 * In dist/ they are a file of their own, which is read while the sensor converts: see the build.
 */
export const components = {
  board: () => import("johnny-five/lib/board.js"),
  relay: () => import("johnny-five/lib/relay.js"),
  led: () => import("johnny-five/lib/led/led.js"),
  button: () => import("johnny-five/lib/button.js"),
};
