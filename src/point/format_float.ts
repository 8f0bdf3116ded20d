/**
 * The shortest decimal that reads back as the same double, never with an exponent (`1e21` is 22 digits), which
 * Dataway's parser does not take. `value` must be finite.
 */
export function formatFloat(value: number): string {
  if (Object.is(value, -0)) return "-0";
  const text = String(value);
  const e = text.indexOf("e");
  return e < 0 ? text : expand(text.slice(0, e), Number(text.slice(e + 1)));
}

function expand(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith("-") ? "-" : "";
  const digits = mantissa.replace(/[-.]/g, "");
  // The mantissa has one digit before its point. JavaScript writes exponents only below -6 and above 20, and a
  // double has at most 17 digits, so the point never falls among them.
  return exponent < 0
    ? `${sign}0.${"0".repeat(-exponent - 1)}${digits}`
    : `${sign}${digits}${"0".repeat(exponent + 1 - digits.length)}`;
}
