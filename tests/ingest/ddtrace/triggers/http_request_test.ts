import { assertEquals } from "@std/assert";
import { parameterize } from "../../../../src/ingest/ddtrace/triggers/http_request.ts";

Deno.test("parameterize() names ids after what they are of", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["/users/12345/friends/67890", "/users/{user_id}/friends/{friend_id}"],
    ["/prod/user/42/id/50", "/prod/user/{user_id}/id/{id}"],
    ["/users/{user_id}/profile/7", "/users/{user_id}/profile/7"],
    ["/orders/123e4567-e89b-12d3-a456-426614174000/items", "/orders/{order_id}/items"],
    ["/events/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/events/{event_id}"],
    ["/api/v1/status", "/api/v1/status"],
    ["/42", "/{id}"],
    ["/42/43", "/{id}/{42_id}"],
    ["/", "/"],
    ["", ""],
  ];
  for (const [path, named] of cases) assertEquals(parameterize(path), named);
  assertEquals(parameterize(undefined), undefined);
});
