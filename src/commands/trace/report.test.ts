import { describe, expect, it } from 'vitest';
import { Analysis } from '../../trace/analysis/index.ts';
import { auditStory } from '../../trace/analysis/testing/audit-story.ts';
import { livesOf, TraceBuilder } from '../../trace/index.ts';
import { makeStyle, PLAIN } from '../output/style.ts';
import { type ReportFormat, renderReport } from './render-report.ts';
import type { ReportRequest } from './report.ts';
import { SECTIONS } from './sections.ts';

const REQUEST: ReportRequest = { sections: [], goroutine: undefined, rows: 10, atNs: undefined };
const ALL = SECTIONS.map(({ name }) => name);

function analysis(): Analysis {
  const { trace, lives } = auditStory();
  return new Analysis(trace, lives);
}

const rendered = (format: ReportFormat, request: Partial<ReportRequest> = {}): string =>
  [...renderReport(analysis(), { ...REQUEST, ...request }, format, PLAIN)].join('');

describe('the report as text', () => {
  it('leads with the worst finding and fits a screen', () => {
    const lines = rendered('text').split('\n');
    expect(lines[0]).toBe('story: 100ms, 65 events, 18 goroutines seen on 2 Ps');
    expect(lines[2]).toBe('HIGH 12 goroutines hang on one that nobody lets go on');
    expect(lines[3]).toBe('     /x/shop.go:70 main.(*shop).record.func1');
    expect(lines.length).toBeLessThan(50);
  });

  it('aligns tables, numbers to the right', () => {
    const text = rendered('text', { sections: ['blocking'] });
    const [head, row] = text.split('\n').slice(3, 5);
    expect(head).toBe('  reason      total  count     p50     p99     max  goroutines  still');
    expect(row).toBe('  chan send   270ms      8  30.0ms  70.0ms  70.0ms           8      6');
  });

  it('has something to say in each section', () => {
    for (const section of ALL) {
      const text = rendered('text', { sections: [section] });
      expect(text.split('\n').length, section).toBeGreaterThan(3);
      expect(text, section).not.toMatch(/undefined|NaN|\[object/);
    }
  });

  it('tells states at another time', () => {
    const text = rendered('text', { sections: ['states'], atNs: 25e6 });
    expect(text).toMatch(/^What \d+ goroutines of the program do after 25\.0ms$/m);
    expect(text).not.toBe(rendered('text', { sections: ['states'], atNs: 95e6 }).replace('95.0ms', '25.0ms'));
  });

  it('says of which Ps its shares are where GOMAXPROCS is not told', () => {
    expect(rendered('text', { sections: ['processors'] })).toMatch(/^ {2}utilisation of those seen \d/m);
  });

  it('cuts tables and says how to see the rest', () => {
    expect(rendered('text', { sections: ['goroutines'], rows: 2 })).toContain(
      '… 2 more: --rows 4 shows them',
    );
  });

  it('tells one life', () => {
    const text = rendered('text', { goroutine: 200 });
    expect(text).toContain('Goroutine 200 (main.(*shop).record.func1)');
    expect(text).toMatch(
      /^ {2}started after .* by goroutine \d+, in main\.\(\*shop\)\.record \(shop\.go:\d+\)$/m,
    );
    expect(text).toMatch(
      /0\.010000s\s+20ns\s+chan send\s+\/x\/shop.go:70 main\.\(\*shop\)\.record\.func1\s+7\s+\/x\/audit\.go:28/,
    );
  });

  it('shows who waited for whom at another time', () => {
    const text = rendered('text', { sections: ['graph'], atNs: 45e6 });
    expect(text).toContain('Who waits for whom after 45.0ms');
    expect(text).toContain('goroutine 103 waits to lock the Mutex of shop.go:56');
    expect(() => rendered('text', { sections: ['graph'], atNs: 45e9 })).toThrow('the trace ends after 100ms');
  });

  it('says so when there is nothing to find, and of an empty trace', () => {
    const empty = new TraceBuilder({ writer: 'go', format: '1.26', name: 'empty' }).build();
    const nothing = new Analysis(empty, livesOf(empty));
    const text = [...renderReport(nothing, { ...REQUEST, sections: ALL }, 'text', PLAIN)].join('');
    expect(text).toContain('Nothing that needs looking at was found.');
    expect(text).toContain('No goroutine of the program is left at the end');
    expect(text).not.toMatch(/undefined|NaN|Infinity/);
  });

  it('shows files shorter where everybody knows them', () => {
    const text = rendered('text', { sections: ['leaks'] });
    expect(text).toContain('net/http/server.go:3400 net/http.(*Server).Serve');
    const style = makeStyle({ colour: false, directory: '/x' });
    expect([...renderReport(analysis(), REQUEST, 'text', style)].join('')).toContain('./shop.go:70');
  });
});

describe('the report as JSON', () => {
  it('is one document with all sections, by stable names', () => {
    const { command, result } = JSON.parse(rendered('json'));
    expect(command).toBe('trace analyze');
    expect(Object.keys(result)).toEqual(['trace', 'findings', ...ALL]);
    expect(result.leaks[0]).toMatchObject({
      reason: 'chan send',
      count: 6,
      risk: 'high',
      place: { line: 70 },
    });
    expect(result.graph.edges[0]).toMatchObject({ fromNode: expect.any(Number), toNode: expect.any(Number) });
    expect(result.goroutines.goroutines).toHaveLength(18);
  });

  it('has only the sections that are named', () => {
    expect(Object.keys(JSON.parse(rendered('json', { sections: ['gc'] })).result)).toEqual([
      'trace',
      'findings',
      'gc',
    ]);
  });
});

describe('the graph alone', () => {
  it('is a flowchart or a picture', () => {
    expect(rendered('mermaid')).toMatch(/^flowchart LR\n[\s\S]*waits: send/);
    expect(rendered('svg')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    const empty = new TraceBuilder({ writer: 'go', format: '1.26', name: 'empty' }).build();
    const nothing = new Analysis(empty, livesOf(empty));
    expect(() => [...renderReport(nothing, REQUEST, 'svg', PLAIN)]).toThrow('there is nothing to draw');
  });
});

describe('the report as a page', () => {
  it('holds everything, loads nothing, and takes names for text', () => {
    const builder = new TraceBuilder({ writer: 'go', format: '1.26', name: '<script>alert(1)</script>' });
    const trace = builder.build();
    const page = [...renderReport(new Analysis(trace, livesOf(trace)), REQUEST, 'html', PLAIN)].join('');
    expect(page).not.toContain('<script');
    expect(page).not.toMatch(/(src|href)=/);
    expect(rendered('html')).toContain('</svg>');
    expect(rendered('html')).toContain('<h2>Waiting, by reason</h2>');
  });
});
