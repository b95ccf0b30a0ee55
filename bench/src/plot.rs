//! The figures as a picture: a bar for each contender, on a logarithmic scale.

use std::fmt::{self, Write};

use crate::bars::rules;
use crate::figures::{Build, By, Figure, Figures, What};

const WIDTH: f64 = 860.0;
const ROW: f64 = 20.0;
/// Where bars begin and may end.
const LEFT: f64 = 330.0;
const RIGHT: f64 = 790.0;
/// Gigabytes a second at the left end and the right, powers of ten.
const SCALE: (f64, f64) = (-3.0, 1.0);

/// The picture, as SVG.
pub(crate) fn svg(figures: &Figures) -> String {
    let shown: Vec<&Figure> = figures.figures.iter().filter(|figure| figure.ran.events > 0).collect();
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_svg(&mut text, &shown);
    text
}

fn write_svg(out: &mut impl Write, figures: &[&Figure]) -> fmt::Result {
    let height = ROW * (figures.len() as f64 + 3.0);
    writeln!(
        out,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
<text x="{LEFT}" y="14" fill="#333">gigabytes a second, logarithmic</text>"##
    )?;
    for power in SCALE.0 as i32..=SCALE.1 as i32 {
        let (x, bottom) = (x(10f64.powi(power)), height - ROW);
        writeln!(out, r##"<path d="M{x:.1} {ROW}V{bottom}" stroke="#ddd"/>"##)?;
        let label = 10f64.powi(power);
        writeln!(out, r##"<text x="{x:.1}" y="{}" text-anchor="middle" fill="#666">{label}</text>"##, bottom + 14.0)?;
    }
    for (row, figure) in figures.iter().enumerate() {
        let top = ROW * (row as f64 + 1.0);
        let end = x(figure.gigabytes(By::Median));
        writeln!(
            out,
            r##"<text x="{}" y="{}" text-anchor="end" fill="#333">{}</text>
<rect x="{LEFT}" y="{}" width="{:.1}" height="{}" fill="{}"/>
<text x="{:.1}" y="{}" fill="#333">{:.3}</text>"##,
            LEFT - 8.0,
            top + 14.0,
            label(figure),
            top + 2.0,
            end - LEFT,
            ROW - 4.0,
            colour(figure.what),
            end + 5.0,
            top + 14.0,
            figure.gigabytes(By::Median),
        )?;
    }
    writeln!(out, "</svg>")
}

fn label(figure: &Figure) -> String {
    let name = figure.what.name().replace('`', "");
    match figure.rules {
        0 => name,
        count => format!("{name}, {}", rules(count)),
    }
}

fn colour(what: What) -> &'static str {
    match what {
        What::Component | What::TwoWorkers => "#0b6e4f",
        What::Command(Build::Own, _) | What::Piped => "#3a9d78",
        what if what.is_ours() => "#9bcdb8",
        What::Newlines | What::Literal | What::Pipe => "#bbb",
        _ => "#c8553d",
    }
}

fn x(gigabytes: f64) -> f64 {
    let (from, to) = SCALE;
    let place = (gigabytes.log10() - from) / (to - from);
    LEFT + place.clamp(0.0, 1.0) * (RIGHT - LEFT)
}
