/** The id of this machine's device where nobody has given it another. */
import { hostname } from "node:os";

/** DPS takes letters, digits and - . _ only. */
export const ownDeviceId = (): string =>
  `grove-heater-${hostname().replaceAll(/[^A-Za-z0-9-]/g, "-")}`.slice(0, 128);
