/**
 * johnny-five's components for panel and relay, imported one by one: the whole package would take 45 ms.
 *
 * In dist/ they are a separate file, which is loaded while the sensor converts: see the build.
 */
export const components = {
  board: () => import("johnny-five/lib/board.js"),
  relay: () => import("johnny-five/lib/relay.js"),
  led: () => import("johnny-five/lib/led/led.js"),
  button: () => import("johnny-five/lib/button.js"),
};
