//! Characters that people see. What shows nothing by itself is a way to smuggle words past them.

/// A text without control, format and other unseen characters. Blanks of any width become plain ones. The parts of an emoji
/// stay together: the joiner and the selector between two pictures, and nowhere else.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut last: Option<char> = None;
    while let Some(c) = chars.next() {
        let kept = match c {
            '\n' | '\t' => Some(c),
            '\r' => chars.peek().is_none_or(|next| *next != '\n').then_some('\n'),
            '\u{2028}' | '\u{2029}' => Some('\n'),
            JOINER => {
                let next = chars.peek().copied().filter(|next| *next != SELECTOR);
                (last.is_some_and(is_picture) && next.is_some_and(is_picture)).then_some(c)
            }
            // A selector belongs to a picture, or makes a key of a digit.
            SELECTOR => {
                let key = chars.peek() == Some(&KEY)
                    && last.is_some_and(|c| c.is_ascii_digit() || "#*".contains(c));
                let picture = last.is_some_and(|c| is_picture(c) && c != SELECTOR);
                (key || picture).then_some(c)
            }
            c if is_blank(c) => Some(' '),
            c if is_unseen(c) => None,
            c => Some(c),
        };
        if let Some(kept) = kept {
            out.push(kept);
            last = Some(kept);
        }
    }
    out
}

/// U+200D, which joins pictures to one.
const JOINER: char = '\u{200D}';
/// U+FE0F, which asks for a picture in place of a sign.
pub const SELECTOR: char = '\u{FE0F}';
/// U+20E3, the frame of a key.
const KEY: char = '\u{20E3}';

/// Whether a character is, or may be, part of an emoji (<https://www.unicode.org/reports/tr51/>).
pub fn is_picture(c: char) -> bool {
    matches!(c,
        SELECTOR | '©' | '®' | '‼' | '⁉' | '™' | 'ℹ' | '〰' | '〽' | '㊗' | '㊙'
        | '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | '\u{24C2}' | '\u{25A0}'..='\u{27BF}'
        | '\u{2934}' | '\u{2935}' | '\u{2B00}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}')
}

/// Whether a character is a blank other than the plain one, or looks like one.
fn is_blank(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{A0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{2800}' | '\u{3000}'
    )
}

/// Whether a character shows nothing: control and format characters, fillers, variation selectors, tags, and what stands for
/// nothing that is agreed upon (<https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point>).
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{E000}'..='\u{F8FF}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}' | '\u{FFFE}' | '\u{FFFF}' | '\u{13430}'..='\u{1343F}' | '\u{16FE4}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D159}' | '\u{1D173}'..='\u{1D17A}' | '\u{1FFFE}' | '\u{1FFFF}'
            | '\u{E0000}'..='\u{10FFFF}')
}
