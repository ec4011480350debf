/** Lines of the hat by BCM number, as boards/grove-heater-pi.json wires them; repeated here on purpose. */
export const RELAY = 16;
export const MODE_LED = 18;
/** Pressed is low. */
export const MODE_BUTTON = 19;
/** Pressed is high. */
export const BUTTON_A = 22;
export const BUTTON_B = 24;
