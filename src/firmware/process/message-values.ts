/** Schemas of the values in messages between the processes. */
import type { Schema } from "../../base/schema/schema.ts";
import { convert, guarded, number, string } from "../../base/schema/values.ts";
import type { ControlMode, LinkState } from "../../control/input.ts";
import { type FaultCode, isFaultCode } from "../../model/faults.ts";

/** Far beyond any quantity here, and still short enough to display. */
export const quantity = number(-1e6, 1e6);
/** A time, a count or a serial number: the range of dates (ECMA-262, 21.4.1.1). */
export const large = number(-8.64e15, 8.64e15);
/** A text, truncated to this length. */
export const truncated = (maxLength: number): Schema<string> =>
  convert(string(), (text) => text.slice(0, maxLength));

export const modes: readonly ControlMode[] = ["auto", "manual"];
export const links: readonly LinkState[] = ["none", "connecting", "online", "offline"];
export const faultCode: Schema<FaultCode> = guarded("the code of a fault", isFaultCode);
