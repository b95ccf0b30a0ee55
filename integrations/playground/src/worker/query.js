/** A rule that is nothing but a query. */
export function ruleOf(query) {
  const rule = {
    rule_id: "query",
    name: "query",
    type: "query",
    language: "kuery",
    query,
    severity: "low",
    risk_score: 0,
    from: "now-5m",
  };
  return { name: "query", content: JSON.stringify(rule) };
}
