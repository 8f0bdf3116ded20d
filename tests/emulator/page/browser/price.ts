/** What the cost is reckoned with. */
import type { App } from "./app.ts";

export function priceText({ model, t }: App): string {
  const { price, function: { arch } } = model.head;
  return t("price", {
    arch,
    gbs: price.usdPerGbS.toFixed(10).replace(/0+$/, ""),
    m: (1e6 * price.usdPerRequest).toFixed(2),
  });
}
