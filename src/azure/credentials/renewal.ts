/**
 * When a device's certificate is to be renewed: in its last 30 days, or in the last third of a shorter life, so that its
 * owner has time and a certificate of a week is not due on its first day.
 */
import { X509Certificate } from "node:crypto";

export interface Renewal {
  readonly validTo: Date;
  /** Renewal is due from this time on. */
  readonly dueMs: number;
}

const dayMs = 86_400_000;
const lastDays = 30;

/** @param certificatePem a chain that begins with the device's own certificate */
export function renewalOf(certificatePem: string): Renewal {
  const { validFrom, validTo } = new X509Certificate(certificatePem);
  const end = Date.parse(validTo);
  const third = (end - Date.parse(validFrom)) / 3;
  return { validTo: new Date(end), dueMs: end - Math.min(lastDays * dayMs, third) };
}

/** The warning for its owner; `undefined` when renewal is not due, or the certificate has expired. */
export function renewalNotice(certificatePem: string, wallMs: number): string | undefined {
  const { validTo, dueMs } = renewalOf(certificatePem);
  if (wallMs < dueMs || wallMs >= validTo.getTime()) return undefined;
  const days = Math.floor((validTo.getTime() - wallMs) / dayMs);
  return `The device's certificate expires in ${days} ${days === 1 ? "day" : "days"} (${validTo.toISOString().slice(0, 10)}).`;
}

export const renewalRemedy =
  "On the unit: grove-heater claim request; have it signed, then: grove-heater claim accept. The old one stays in use until then.";
