const nanosPerSecond = 1_000_000_000n;
const secondsPerDay = 86_400;
/** Of the Gregorian calendar, which repeats itself after 400 years. */
const daysPerEra = 146_097;
/** From the first of March of the year 0 to the first of January 1970. */
const daysBefore1970 = 719_468;

/** A time in nanoseconds since 1970 as text, UTC, with nine digits after the second. By hand: the engine has no dates. */
export function rfc3339(time: bigint): string {
  const seconds = Number(time / nanosPerSecond);
  const day = Math.floor(seconds / secondsPerDay);
  const second = seconds - day * secondsPerDay;
  const clock = [second / 3600, (second / 60) % 60, second % 60].map((part) => padded(Math.floor(part), 2)).join(':');
  return `${date(day)}T${clock}.${padded(time % nanosPerSecond, 9)}Z`;
}

/** Years begin in March here, so that the leap day is the last: months have 31 and 30 days in turn, with 153 days in five of them. */
function date(daysSince1970: number): string {
  const days = daysSince1970 + daysBefore1970;
  const era = Math.floor(days / daysPerEra);
  const dayOfEra = days - era * daysPerEra;
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0);
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(dayOfMonth, 2)}`;
}

function padded(number: number | bigint, digits: number): string {
  return String(number).padStart(digits, '0');
}
