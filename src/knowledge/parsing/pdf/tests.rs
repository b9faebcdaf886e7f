use miniz_oxide::deflate::compress_to_vec_zlib;
use proptest::prelude::*;

use super::*;

/// A file of objects by number; the first is the catalogue.
fn pdf(objects: &[&[u8]]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    for (number, object) in (1..).zip(objects) {
        file.extend(format!("{number} 0 obj\n").into_bytes());
        file.extend(*object);
        file.extend(b"\nendobj\n");
    }
    file.extend(b"trailer << /Root 1 0 R /Info 2 0 R >>\n%%EOF");
    file
}

fn stream(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let mut object = format!("<< {dictionary} /Length {} >>\nstream\n", data.len()).into_bytes();
    object.extend(data);
    object.extend(b"\nendstream");
    object
}

/// A file of two pages with this content on the first.
fn page(content: &[u8], resources: &str, others: &[&[u8]]) -> Vec<u8> {
    let content = stream("/Filter /FlateDecode", &compress_to_vec_zlib(content, 6));
    let second = stream("", b"BT /F1 10 Tf 1 0 0 1 50 700 Tm (Second page.) Tj ET");
    let tree =
        format!("<< /Type /Pages /Kids [5 0 R 6 0 R] /Count 2 /Resources << {resources} >> >>");
    let mut objects: Vec<&[u8]> = vec![
        b"<< /Type /Catalog /Pages 3 0 R >>",
        b"<< /Title (Microsoft Word - Fees) >>",
        tree.as_bytes(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Page /Parent 3 0 R /Contents [7 0 R] >>",
        b"<< /Type /Page /Parent 3 0 R /Contents 8 0 R >>",
        &content,
        &second,
    ];
    objects.extend(others);
    pdf(&objects)
}

const FONT: &str = "/Font << /F1 4 0 R >>";

fn text(file: &[u8]) -> String {
    parse(file).unwrap().text().to_owned()
}

#[test]
fn pages_lines_paragraphs_and_headings() {
    let content = b"BT /F1 18 Tf 1 0 0 1 50 750 Tm (Our fees) Tj
        /F1 10 Tf 1 0 0 1 50 720 Tm (A cleaning costs \\20090. We send an esti-) Tj 0 -12 Td (mate before.) Tj
        0 -30 Td [(Whit) 20 (ening) -300 (costs) -250 (300.)] TJ 0 -12 Td <95> Tj ( Cash) Tj
        0 -12 TD (Odd) Tj 22 0 Td (words) Tj T* (Next) ' ET";
    let file = page(content, FONT, &[]);
    let manuscript = parse(&file).unwrap();
    assert_eq!(manuscript.title.as_deref(), Some("Fees"));
    assert_eq!(
        manuscript.text(),
        "\u{c}1\n# Our fees\nA cleaning costs €90. We send an estimate before.\nWhitening costs 300.\n- Cash Odd words\nNext\n\u{c}2\nSecond page.\n"
    );
}

#[test]
fn fonts_that_name_their_characters() {
    let map = stream(
        "",
        b"1 beginbfchar <0001> <00C4> endbfchar 1 beginbfrange <0002> <0005> <0062> endbfrange",
    );
    let content = b"BT /F2 10 Tf 1 0 0 1 50 700 Tm <000100020003> Tj /F3 10 Tf ( \x01\x02) Tj ET";
    let resources = "/Font << /F1 4 0 R /F2 9 0 R /F3 11 0 R >>";
    let file = page(
        content,
        resources,
        &[
            b"<< /Subtype /Type0 /Encoding /Identity-H /ToUnicode 10 0 R /DescendantFonts [12 0 R] >>",
            &map,
            b"<< /Subtype /Type1 /Encoding << /Differences [1 /eacute /fi] >> >>",
            b"<< /DW 600 /W [1 [700 700] 3 9 500] >>",
        ],
    );
    assert!(text(&file).contains("Äbc éfi"), "{}", text(&file));
}

#[test]
fn forms_are_part_of_the_page_and_images_are_not() {
    let form = stream(
        "/Subtype /Form /Matrix [1 0 0 1 0 -50]",
        b"BT /F1 10 Tf 50 700 Td (In a form.) Tj ET /X1 Do",
    );
    let image = stream("/Subtype /Image /Filter /DCTDecode", b"\xff\xd8(no)");
    let content =
        b"q BI /W 1 ID \x00(x) Tj EI Q /X1 Do /X2 Do BT /F1 10 Tf 50 600 Td (After.) Tj ET";
    let resources = format!("{FONT} /XObject << /X1 9 0 R /X2 10 0 R >>");
    let file = page(content, &resources, &[&form, &image]);
    let text = text(&file);
    // The form calls itself, as deep as that goes.
    assert!(
        text.contains("In a form.") && text.contains("After.") && !text.contains("(no)"),
        "{text}"
    );
}

#[test]
fn objects_in_streams_and_a_file_without_an_end() {
    let held = b"1 0 3 34 << /Type /Catalog /Pages 3 0 R >> << /Type /Pages /Kids [5 0 R] >>";
    let data = compress_to_vec_zlib(held, 6);
    let mut file = b"junk%PDF-1.5\n".to_vec();
    let mut add = |number: u32, object: &[u8]| {
        file.extend(format!("{number} 0 obj ").into_bytes());
        file.extend(object);
        file.extend(b" endobj\n");
    };
    add(9, &stream("/Type /ObjStm /N 2 /First 9 /Filter /FlateDecode", &data));
    add(4, b"<< /Subtype /TrueType >>");
    add(5, b"<< /Type /Page /Contents 6 0 R /Resources << /Font << /F1 4 0 R >> >> >>");
    add(6, b"<< /Length 99999 >> stream\nBT /F1 9 Tf (Held in a stream) Tj ET\nendstream");
    add(7, &stream("/Type /XRef /Root 1 0 R", b""));
    assert_eq!(text(&file), "\u{c}1\nHeld in a stream\n");
}

#[test]
fn each_kind_of_trouble_has_its_name() {
    assert_eq!(parse(b"GIF89a"), Err(Refusal::Broken));
    assert_eq!(parse(b"%PDF-1.4 and nothing"), Err(Refusal::Broken));
    let mut encrypted = page(b"", FONT, &[]);
    encrypted.extend(b"trailer << /Root 1 0 R /Encrypt 9 0 R >>");
    assert_eq!(parse(&encrypted), Err(Refusal::Encrypted));
    let scan = pdf(&[
        b"<< /Type /Catalog /Pages 3 0 R >>",
        b"<< >>",
        b"<< /Kids [4 0 R] >>",
        b"<< /Type /Page >>",
    ]);
    assert!(parse(&scan).unwrap().is_empty());
}

#[test]
fn bombs_are_refused() {
    let zeros = compress_to_vec_zlib(&vec![b' '; 13 << 20], 9);
    let bomb = stream("/Filter /FlateDecode", &zeros);
    let file = pdf(&[
        b"<< /Type /Catalog /Pages 3 0 R >>",
        b"<< >>",
        b"<< /Kids [4 0 R] >>",
        b"<< /Type /Page /Contents 5 0 R >>",
        &bomb,
    ]);
    assert!(file.len() < 200_000);
    assert_eq!(parse(&file), Err(Refusal::TooComplex), "one stream");

    let data = compress_to_vec_zlib(&vec![b' '; 4 << 20], 9);
    let part = stream("/Filter /FlateDecode", &data);
    let parts = format!("<< /Type /Page /Contents [{}] >>", "5 0 R ".repeat(1_000));
    let file = pdf(&[
        b"<< /Type /Catalog /Pages 3 0 R >>",
        b"<< >>",
        b"<< /Kids [4 0 R] >>",
        parts.as_bytes(),
        &part,
    ]);
    assert_eq!(parse(&file), Err(Refusal::TooComplex), "the same one again and again");

    let kids = format!(
        "<< /Kids [{}] >>",
        (4..4_000).map(|n| format!("{n} 0 R")).collect::<Vec<_>>().join(" ")
    );
    let mut objects: Vec<&[u8]> =
        vec![b"<< /Type /Catalog /Pages 3 0 R >>", b"<< >>", kids.as_bytes()];
    objects.extend(std::iter::repeat_n(&b"<< /Type /Page >>"[..], 4_000));
    assert_eq!(parse(&pdf(&objects)), Err(Refusal::TooComplex), "pages");

    let calls = "/X Do ".repeat(2_000);
    let form = stream("/Subtype /Form /Resources << /XObject << /X 5 0 R >> >>", calls.as_bytes());
    let file = pdf(&[
        b"<< /Type /Catalog /Pages 3 0 R >>",
        b"<< >>",
        b"<< /Kids [4 0 R] >>",
        b"<< /Type /Page /Contents 5 0 R /Resources << /XObject << /X 5 0 R >> >> >>",
        &form,
    ]);
    assert_eq!(parse(&file), Err(Refusal::TooComplex), "forms that call forms");
}

/// A file of one page with this content, resources and other objects, from number 6 on.
fn single(content: &[u8], page: &str, others: &[&[u8]]) -> Vec<u8> {
    let content = stream("/Filter /FlateDecode", &compress_to_vec_zlib(content, 6));
    let page = format!("<< /Type /Page /Contents 5 0 R {page} >>");
    let mut objects: Vec<&[u8]> = vec![
        b"<< /Type /Catalog /Pages 3 0 R >>",
        b"<< >>",
        b"<< /Kids [4 0 R] >>",
        page.as_bytes(),
        &content,
    ];
    objects.extend(others);
    pdf(&objects)
}

#[test]
fn all_work_is_charged() {
    let dictionary = "/A 1 ".repeat(40_000);
    let fonts = format!("/Resources << /Font << /F << {dictionary} >> >> >>");
    let wide = format!("/Resources << {dictionary} /Font << /F 6 0 R >> >>");
    let blank = format!("<< /Length 0 >>\nstream\n{}endstream", " ".repeat(400_000));
    let parts = format!("<< /Kids [4 0 R] /Type /Page /Contents [{}] >>", "5 0 R ".repeat(50_000));
    let blanks = pdf(&[
        b"<< /Type /Catalog /Pages 4 0 R >>",
        b"<< >>",
        b"<< >>",
        parts.replace("/Kids [4 0 R]", "").as_bytes(),
        blank.as_bytes(),
    ]);
    for (what, file) in [
        ("trailers", [b"%PDF-1.7\n1 0 obj\n".to_vec(), b"trailer(".repeat(60_000)].concat()),
        ("tables", [b"%PDF-1.7\n".to_vec(), b"1 0 obj(/XRef ".repeat(60_000)].concat()),
        ("names", single(&b"/F 1 Tf ".repeat(50_000), &wide, &[b"<< >>"])),
        ("fonts", single(&b"/F 1 Tf ".repeat(50_000), &fonts, &[])),
        ("blanks", blanks),
    ] {
        assert_eq!(parse(&file), Err(Refusal::TooComplex), "{what}");
    }
}

#[test]
fn a_file_costs_what_it_is_long() {
    // Objects that look like others, one after another: each is looked at up to the next.
    let heads = [b"%PDF-1.7\n".to_vec(), b"1 0 obj /X ".repeat(100_000)].concat();
    let read = file::File::open(&heads).unwrap().budget.has_read();
    assert!(read <= heads.len(), "{read} of {}", heads.len());
    let honest = page(b"BT /F1 10 Tf 1 0 0 1 50 700 Tm (Text.) Tj ET", FONT, &[]);
    let opened = file::File::open(&honest).unwrap();
    content::lines(&opened).unwrap();
    assert!(opened.budget.has_read() < 16 * honest.len(), "{}", opened.budget.has_read());
}

#[test]
fn what_is_kept_is_bounded() {
    let zeros = "0 ".repeat(150_000);
    let kids: Vec<String> = (4..14).map(|n| format!("{n} 0 R")).collect();
    let kids = format!("<< /Kids [{}] >>", kids.join(" "));
    let file = |node: &str| {
        let mut objects: Vec<&[u8]> =
            vec![b"<< /Type /Catalog /Pages 3 0 R >>", b"<< >>", kids.as_bytes()];
        objects.extend(std::iter::repeat_n(node.as_bytes(), 10));
        pdf(&objects)
    };
    let of_no_use = file(&format!("<< /Type /Page /X [{zeros}] >>"));
    assert!(parse(&of_no_use).unwrap().is_empty(), "what is not needed is not kept");
    let contents = file(&format!("<< /Type /Page /Contents [{zeros}] >>"));
    assert_eq!(parse(&contents), Err(Refusal::TooComplex), "contents");
    let resources = file(&format!("<< /Type /Page /Resources << /X [{zeros}] >> >>"));
    assert_eq!(parse(&resources), Err(Refusal::TooComplex), "resources");

    let operands = format!("[{zeros}] [{zeros}] TJ");
    let file = single(operands.as_bytes(), "", &[]);
    assert_eq!(parse(&file), Err(Refusal::TooComplex), "operands");

    let form = format!("/Subtype /Form /Resources << /X [{zeros}] /XObject << /X 6 0 R >> >>");
    let form = stream(&form, b"/X Do");
    let file = single(b"/X Do", "/Resources << /XObject << /X 6 0 R >> >>", &[&form]);
    assert_eq!(parse(&file), Err(Refusal::TooComplex), "forms within forms");

    let map = stream("", b"1 beginbfchar <00> <00410042004300440045004600470048> endbfchar");
    let shown = format!("BT /F 9 Tf ({}) Tj ET", "\0".repeat(100_000));
    let font = "/Resources << /Font << /F << /ToUnicode 6 0 R >> >> >>";
    let file = single(shown.as_bytes(), font, &[&map]);
    assert_eq!(parse(&file), Err(Refusal::TooComplex), "a string that grows");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn damage_is_refused_or_read(at in prop::collection::vec((0..1_400_usize, any::<u8>()), 1..6), cut in 100..2_000_usize) {
        let mut file = page(b"BT /F1 10 Tf 1 0 0 1 50 700 Tm [(Some) -200 (text)] TJ ET", FONT, &[]);
        for (at, byte) in at {
            if let Some(damaged) = file.get_mut(at) {
                *damaged = byte;
            }
        }
        file.truncate(cut);
        let _ = parse(&file);
    }

    #[test]
    fn no_content_breaks_it(content in "(q|Q|BT|ET|Tf|Tj|TJ|Td|Tm|T\\*|Do|ID|'|\"|cm|/F1|/X|[0-9]{1,9}|-1e99|\\[|\\]|\\(a|\\)|<<|>>|<4|>| |\n){0,80}") {
        let _ = parse(&page(content.as_bytes(), FONT, &[]));
    }

    #[test]
    fn no_map_breaks_a_font(map in "(beginbfchar|endbfchar|beginbfrange|endbfrange|<[0-9a-f]{0,9}>|\\[|\\]| |\n){0,60}") {
        let map = stream("", map.as_bytes());
        let content = b"BT /F2 10 Tf <000100020003ffff> Tj ET";
        let file = page(content, "/Font << /F2 9 0 R >>", &[b"<< /Subtype /Type0 /ToUnicode 10 0 R >>", &map]);
        let _ = parse(&file);
    }
}
