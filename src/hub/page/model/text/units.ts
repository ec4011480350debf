/** Temperatures and their differences in the unit of the page; other units stay as they are. */

type Unit = "C" | "F";

let unitOfPage: Unit = "C";

/** The unit of all temperatures on the page. */
export function showTemperaturesIn(unit: Unit): void {
  unitOfPage = unit;
}

export const temperatureUnit = (): string => `°${unitOfPage}`;

const isConverted = (unit: string): boolean => unitOfPage === "F" && (unit === "°C" || unit === "K");

/** The unit as the page shows it. */
export const shownUnit = (unit: string): string => (isConverted(unit) ? "°F" : unit);

/** @param value in `unit`; a K is a difference of temperatures. @returns its number in the unit of the page */
export function shownValue(value: number, unit: string): number {
  if (!isConverted(unit)) return value;
  return unit === "K" ? value * 1.8 : value * 1.8 + 32;
}

/** The reverse, for what a user types; converted to a hundredth. */
export function storedValue(shown: number, unit: string): number {
  if (!isConverted(unit)) return shown;
  return Math.round(((unit === "K" ? shown : shown - 32) / 1.8) * 100) / 100;
}
