// What a frontend or another system does with the client that is generated from the document: types alone, and
// openapi-fetch. Run by .ci/clients against a real server; any difference from what is expected ends it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Unit = components["schemas"]["Unit"];
type Change = components["schemas"]["Change"];

const base = process.argv[2];
const key = process.env["API_KEY"];
assert.ok(base && key, "usage: API_KEY=… node scenario.js BASE");
const client = createClient<paths, "application/json" | "application/problem+json">({
  baseUrl: base,
  headers: { "accept-language": "en", authorization: `Bearer ${key}` },
});

/** The body of an answer that must have this status. */
function expect<T>(status: number, answer: { data?: T; error?: unknown; response: Response }): NonNullable<T> {
  assert.equal(answer.response.status, status, JSON.stringify(answer.error ?? answer.data));
  assert.ok(answer.data, "an answer with a body");
  return answer.data as NonNullable<T>;
}

async function cursorOfNow(): Promise<string> {
  let after: string | null = null;
  for (;;) {
    const page: { items: Change[]; next_cursor: string } = expect(
      200,
      await client.GET("/api/v1/changes", { params: { query: { limit: 500, ...(after === null ? {} : { after }) } } }),
    );
    after = page.next_cursor;
    if (page.items.length === 0) return after;
  }
}

async function main() {
  const start = await cursorOfNow();

  // Records are made, and each is where the answer says.
  const ids = Array.from({ length: 7 }, (_, i) => `ts-${i}`);
  for (const id of ids) {
    const made = await client.POST("/api/v1/units", { body: { id, name: `Tỉnh ${id}`, level: "province" } });
    assert.equal(expect(201, made).id, id);
    assert.ok(made.response.headers.get("location")?.endsWith(`/api/v1/units/${id}`));
  }

  // A list is read page by page, until no cursor is given.
  const seen: string[] = [];
  let cursor: string | null = null;
  let pages = 0;
  do {
    const page: { items: Unit[]; next_cursor: string | null } = expect(
      200,
      await client.GET("/api/v1/units", {
        params: { query: { limit: 3, sort: "-id", q: "tinh ts", ...(cursor === null ? {} : { cursor }) } },
      }),
    );
    seen.push(...page.items.map((unit) => unit.id));
    cursor = page.next_cursor;
    pages += 1;
  } while (cursor !== null);
  assert.deepEqual(seen, [...ids].reverse());
  assert.equal(pages, 3);

  // The same record again is a conflict, and the problem says so in its code.
  const twice = await client.POST("/api/v1/units", { body: { id: "ts-0", name: "Tỉnh", level: "province" } });
  assert.equal(twice.response.status, 409);
  assert.equal(twice.error?.code, "duplicate");

  // Who has read an older state can't write over a newer one.
  const path = { params: { path: { id: "ts-0" } } };
  const read = await client.GET("/api/v1/units/{id}", path);
  const etag = read.response.headers.get("etag");
  assert.ok(etag);
  const patch = (name: string, tag: string) =>
    client.PATCH("/api/v1/units/{id}", {
      params: { ...path.params, header: { "If-Match": tag } },
      body: { name },
      headers: { "content-type": "application/merge-patch+json" },
    });
  assert.equal(expect(200, await patch("Tỉnh Một", etag)).name, "Tỉnh Một");
  const stale = await patch("Tỉnh Hai", etag);
  assert.equal(stale.response.status, 412);
  assert.equal(stale.error?.code, "stale");

  // A request that is sent again with its key has one effect and one answer.
  const order = {
    body: {
      unit_id: "ts-0", measure: "ts.measure", period: "2020", value: "1", unit_of_measure: "count" as const,
      source: { title: "Báo cáo" },
    },
    params: { header: { "Idempotency-Key": randomUUID() } },
  };
  const first = expect(201, await client.POST("/api/v1/reported-figures", order));
  const again = expect(201, await client.POST("/api/v1/reported-figures", order));
  assert.equal(again.id, first.id, "the second request made a second record");

  // A ranking of what was scored.
  expect(201, await client.PUT("/api/v1/indexes/{code}", { params: { path: { code: "ts" } }, body: { name: "Chỉ số" } }));
  for (const year of [2019, 2020]) {
    const edition = { params: { path: { code: "ts", year } } };
    const done = await client.PUT("/api/v1/indexes/{code}/editions/{year}", {
      ...edition,
      body: {
        framework: "f", unit_of_measure: "points", decimals: 2,
        cohorts: [{ code: "all", name: "Các tỉnh", unit_ids: ["ts-0", "ts-1", "ts-2"] }],
      },
    });
    expect(201, done);
    for (const [i, unit] of ["ts-0", "ts-1", "ts-2"].entries()) {
      const score = `${60 + ((i + year) % 3)}.1234567890123`;
      const body = { index_code: "ts", year, unit_id: unit, stage: "final" as const, score };
      assert.equal(expect(201, await client.POST("/api/v1/index-scores", { body })).score_exact, score);
    }
  }
  const ranking = expect(
    200,
    await client.GET("/api/v1/indexes/{code}/rankings/{year}", { params: { path: { code: "ts", year: 2020 } } }),
  );
  assert.equal(ranking.base_year, 2019);
  assert.deepEqual(ranking.standings.map((s) => [s.rank, s.unit_id]), [[1, "ts-1"], [2, "ts-0"], [3, "ts-2"]]);
  const top = ranking.standings[0];
  assert.equal(top?.delta.rank_change, 1);
  assert.equal(top?.delta.direction, "up");
  assert.equal(top?.score_exact, "62.1234567890123");

  // Every change since the start, in order and none twice.
  const changes: Change[] = [];
  let after = start;
  for (;;) {
    const page = expect(200, await client.GET("/api/v1/changes", { params: { query: { after, limit: 5 } } }));
    changes.push(...page.items);
    after = page.next_cursor;
    if (page.items.length === 0) break;
  }
  const told = changes.filter((change) => change.resource === "units").map((change) => `${change.action} ${change.id}`);
  assert.deepEqual(told, [...ids.map((id) => `create ${id}`), "update ts-0"]);
  assert.equal(changes.filter((change) => change.resource === "reported-figures").length, 1);
  assert.equal(new Set(changes.map((change) => change.cursor)).size, changes.length);
  console.log(`TypeScript: ${seen.length} units in ${pages} pages, ${changes.length} changes, a ranking of ${ranking.cohort_size}`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
