/** Values that messages between the processes are made of. */
import type { Schema } from "../../base/schema/schema.ts";
import { convert, guarded, number, string } from "../../base/schema/values.ts";
import type { ControlMode, LinkState } from "../../control/input.ts";
import { type FaultCode, isFaultCode } from "../../model/faults.ts";

/** Far beyond any quantity here, and not too long to draw. */
export const quantity = number(-1e6, 1e6);
/** A time, a count or a serial: the range of dates (ECMA-262, 21.4.1.1). */
export const large = number(-8.64e15, 8.64e15);
/** Cut to its beginning. */
export const shortened = (longest: number): Schema<string> =>
  convert(string(), (text) => text.slice(0, longest));

export const modes: readonly ControlMode[] = ["auto", "manual"];
export const links: readonly LinkState[] = ["none", "connecting", "online", "offline"];
export const faultCode: Schema<FaultCode> = guarded("the code of a fault", isFaultCode);
