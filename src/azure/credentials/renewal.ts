/**
 * When a device's certificate is to be renewed: in its last 30 days, or in the last third of a shorter life, so that its
 * owner has time and a certificate of a week is not due on its first day.
 */
import { X509Certificate } from "node:crypto";

export interface Renewal {
  readonly validTo: Date;
  /** From then on it is due. */
  readonly dueMs: number;
}

const dayMs = 86_400_000;
const lastDays = 30;

/** @param certificatePem the device's own comes first */
export function renewalOf(certificatePem: string): Renewal {
  const { validFrom, validTo } = new X509Certificate(certificatePem);
  const end = Date.parse(validTo);
  const third = (end - Date.parse(validFrom)) / 3;
  return { validTo: new Date(end), dueMs: end - Math.min(lastDays * dayMs, third) };
}

/** What its owner is told. `undefined`: not due; an expired one is another matter. */
export function renewalNotice(certificatePem: string, wallMs: number): string | undefined {
  const { validTo, dueMs } = renewalOf(certificatePem);
  if (wallMs < dueMs || wallMs >= validTo.getTime()) return undefined;
  const days = Math.floor((validTo.getTime() - wallMs) / dayMs);
  return `The device's certificate ends in ${days} ${days === 1 ? "day" : "days"} (${validTo.toISOString().slice(0, 10)}).`;
}

export const renewalRemedy =
  "On the unit: grove-heater claim request; have it signed, then: grove-heater claim accept. The old one serves meanwhile.";
