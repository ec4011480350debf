/** The pause between two polls, as servers write it: "00:05:00", or an ISO 8601 duration such as "PT24H". */

const clockForm = /^(\d{1,4}):(\d{1,2}):(\d{1,2})$/;
const isoForm =
  /^P(?=.)(?:(\d{1,4})D)?(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,8})(?:\.\d{1,9})?S)?)?$/;

/** @returns ms. @throws RangeError */
export function readSleep(text: string): number {
  const clock = clockForm.exec(text);
  const [days, hours, minutes, seconds] = clock
    ? [0, ...clock.slice(1)]
    : (isoForm.exec(text)?.slice(1) ?? []);
  if (minutes === undefined && hours === undefined && days === undefined && seconds === undefined)
    throw new RangeError(`invalid duration: ${text.slice(0, 40)}`);
  const at = (part: string | number | undefined, unitMs: number): number => Number(part ?? 0) * unitMs;
  return at(days, 86_400_000) + at(hours, 3_600_000) + at(minutes, 60_000) + at(seconds, 1000);
}
