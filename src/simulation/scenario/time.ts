/** Times in scenario files: `h:mm` or `h:mm:ss`, up to 9999 hours. */
import type { Schema } from "../../base/schema/schema.ts";
import { convert, string } from "../../base/schema/values.ts";
import { type Millis, seconds } from "../../base/units.ts";

const pattern = /^(\d{1,4}):([0-5]\d)(?::([0-5]\d))?$/;

export const time: Schema<Millis> = convert(
  string({ pattern, expected: 'a time such as "7:30" (h:mm) or "0:00:05" (h:mm:ss)' }),
  (text) => {
    const [hour = 0, minute = 0, second = 0] = text.split(":").map(Number);
    return seconds(hour * 3600 + minute * 60 + second);
  },
);
