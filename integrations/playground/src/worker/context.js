/** The context of some lines of a batch. */
export function contextOf(context, start, end) {
  const of = (list) => (list?.length > 0 ? list.slice(start, end) : list);
  const apart = context["set-apart"] ?? [];
  return {
    ...context,
    "target-of": of(context["target-of"]),
    ids: of(context.ids),
    "set-apart": apart.flatMap((one) =>
      one.line >= start && one.line < end ? [{ ...one, line: one.line - start }] : [],
    ),
  };
}
