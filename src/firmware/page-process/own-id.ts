/** The default id of this machine's device. */
import { hostname } from "node:os";

/** DPS accepts only letters, digits and - . _ */
export const ownDeviceId = (): string =>
  `grove-heater-${hostname().replaceAll(/[^A-Za-z0-9-]/g, "-")}`.slice(0, 128);
