/// The page's style sheet; its colours are the picture's.
enum PageStyle {
  static let text = """
    body { margin: 0; background: var(--page); color: var(--ink);
      font: 14px/1.4 "DejaVu Sans", Verdana, system-ui, sans-serif; }
    header { position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; gap: 6px 20px;
      align-items: center; padding: 8px 20px; background: var(--panel);
      border-bottom: 1px solid var(--rule); }
    header label { display: inline-flex; gap: 6px; align-items: center; }
    header small { color: var(--muted); }
    input { accent-color: var(--assistant); }
    .environment { color: var(--environment); }
    .assistant { color: var(--assistant); }
    button { font: inherit; min-width: 5.5em; padding: 4px 12px; color: var(--page);
      background: var(--assistant); border: 0; border-radius: 4px; cursor: pointer; }
    button:focus-visible, input:focus-visible { outline: 2px solid var(--command);
      outline-offset: 2px; }
    output { font-variant-numeric: tabular-nums; min-width: 6em; }
    #problem { color: var(--warning); }
    #problem:empty { display: none; }
    main { overflow-x: auto; }
    #frame { min-width: 1000px; max-width: 2000px; margin: 0 auto; }
    #picture { display: block; width: 100%; height: auto; cursor: crosshair; }
    #details { position: fixed; z-index: 3; max-width: 340px; padding: 8px 12px; font-size: 12px;
      color: var(--ink); background: var(--panel); border: 1px solid var(--rule);
      border-radius: 4px; box-shadow: 0 2px 8px rgba(0, 0, 0, 0.25); pointer-events: none; }
    #details[hidden] { display: none; }
    #details b { display: block; margin-bottom: 4px; overflow-wrap: anywhere; }
    #details .event { color: var(--warning); overflow-wrap: anywhere; }
    #details table { border-spacing: 0; }
    #details td { padding: 0 14px 0 0; vertical-align: top; overflow-wrap: anywhere; }
    #details td + td { padding: 0; text-align: right; font-variant-numeric: tabular-nums; }
    #details tr.miss td { color: var(--warning); font-weight: bold; }
    """
}
