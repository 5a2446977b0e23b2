//! A report as one HTML page that stands alone: nothing is loaded from elsewhere, and nothing in it runs.

use super::text::escape;
use super::{Block, Report};
use std::fmt::Write as _;

/// A browser is told the same: no script, nothing from elsewhere, whatever a log line may hold.
const HEAD: &str = "<meta charset=\"utf-8\">\n\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
<meta name=\"referrer\" content=\"no-referrer\">\n";

const STYLE: &str = ":root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1,h2,h3{line-height:1.25}h2{margin-top:2.5rem}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{font-weight:600}dd{margin:0}\
pre{background:#8882;padding:.6rem;white-space:pre-wrap;overflow-wrap:anywhere}\
.about{margin-bottom:.2rem}.about+pre{margin-top:0}";

/// The whole page.
pub fn page(report: &Report) -> String {
    let title = escape(&report.title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n{HEAD}<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<h1>{title}</h1>\n"
    );
    if let Some(lead) = &report.lead {
        let _ = writeln!(out, "<p>{}</p>", escape(lead));
    }
    for part in &report.parts {
        let named = !part.title.is_empty();
        if named {
            let _ = writeln!(out, "<h2>{}</h2>", escape(&part.title));
        }
        part.blocks.iter().for_each(|b| block(&mut out, b, if named { 3 } else { 2 }));
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn block(out: &mut String, block: &Block, level: u8) {
    match block {
        Block::Facts(facts) => {
            out.push_str("<dl>\n");
            for (name, value) in facts {
                let _ = writeln!(out, "<dt>{name}</dt><dd>{}</dd>", escape(value));
            }
            out.push_str("</dl>\n");
        }
        Block::Heading(name) => {
            let _ = writeln!(out, "<h{level}>{name}</h{level}>");
        }
        Block::Text(text) => {
            let _ = writeln!(out, "<p>{}</p>", escape(text));
        }
        Block::List(name, items) => {
            if !name.is_empty() {
                let _ = writeln!(out, "<p><b>{name}</b></p>");
            }
            out.push_str("<ul>\n");
            for item in items {
                let _ = writeln!(out, "<li>{}</li>", escape(item));
            }
            out.push_str("</ul>\n");
        }
        Block::Code(before, text) => {
            let _ = writeln!(out, "<p>{}</p>\n<pre>{}</pre>", escape(before), escape(text));
        }
        Block::Exhibits(lines) => {
            for line in lines {
                let (id, about, text) = (line.id, escape(&line.about), escape(&line.text));
                let _ = writeln!(out, "<p class=\"about\" id=\"R{id}\">R{id} {about}</p>\n<pre>{text}</pre>");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Block, Exhibit, Part, document};
    use super::{Report, page};

    fn report(hostile: &str) -> Report {
        let blocks = vec![
            Block::Facts(vec![("State", hostile.to_owned())]),
            Block::Text(hostile.to_owned()),
            Block::List("Now", vec![hostile.to_owned()]),
            Block::Code("Commands:", hostile.to_owned()),
            Block::Exhibits(vec![Exhibit { id: 7, about: hostile.to_owned(), text: hostile.to_owned() }]),
        ];
        let parts = vec![Part { title: hostile.to_owned(), blocks }];
        Report { title: hostile.to_owned(), lead: Some(hostile.to_owned()), parts }
    }

    #[test]
    fn nothing_in_a_log_becomes_markup_or_is_lost() {
        let page = page(&report("</pre><script src='//x'>1</script>\" & \u{1b}[2J"));
        assert!(!page.contains("<script") && !page.contains("</pre><s"), "{page}");
        assert_eq!(
            page.matches("&lt;script src=&#39;//x&#39;&gt;1&lt;/script&gt;&quot; &amp; \u{241b}[2J").count(),
            10
        );
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("src=\""), "{page}");
    }

    #[test]
    fn markdown_holds_the_same() {
        let text = document(&report("a*b\n# c"));
        assert_eq!(text.matches("a\\*b # c").count(), 7, "{text}");
        assert_eq!(text.matches("    a*b\n    # c\n").count(), 2, "{text}");
    }
}
