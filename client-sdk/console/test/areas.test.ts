import { describe, expect, it } from "vitest";
import { areasOf, AREAS } from "../src/lib/areas";

describe("areas", () => {
  it("are there where the server has all of their routes", () => {
    const areas = areasOf(["GET /v1/cv/plans", "GET /v1/cv/subscription", "GET /v1/cv/credit-packs"]);
    expect([...areas]).toEqual(["plans"]);
  });

  it("do not mind how a path names its places", () => {
    expect(areasOf(["GET /v1/cv/me/sessions", "DELETE /v1/cv/me/sessions/{session}"]).has("sessions")).toBe(true);
  });

  it("tell methods apart", () => {
    expect(areasOf(["GET /v1/cv/me"]).has("profile")).toBe(false);
    expect(areasOf(["PATCH /v1/cv/me"]).has("profile")).toBe(true);
  });

  it("are none of a server that says nothing, and all of one that has everything", () => {
    expect(areasOf([]).size).toBe(0);
    expect(areasOf(Object.values(AREAS).flat()).size).toBe(Object.keys(AREAS).length);
  });
});
