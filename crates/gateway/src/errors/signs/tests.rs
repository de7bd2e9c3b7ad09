use super::*;

fn shows(content: &str) -> Option<&'static str> {
    find(content.as_bytes(), ["10.0.1.5:8000", "203.0.113.9:8000", "shop-1:8000", "shop"].into_iter())
}

#[test]
fn what_frameworks_and_drivers_say_is_found() {
    // edge/Y27
    let cases = [
        ("Traceback (most recent call last):\n  File \"/srv/app.py\", line 3, in <module>", "stack trace"),
        (r#"{"error":"File \"app.py\", line 3"}"#, "stack trace"),
        ("java.lang.IllegalStateException: x\n\tat com.shop.Orders.find(Orders.java:42)", "stack trace"),
        (r#"{"trace":"at com.shop.Orders.find(Orders.kt:7)"}"#, "stack trace"),
        ("   at Shop.Orders.Find() in C:\\src\\Orders.cs:line 4", "stack trace"),
        ("TypeError: x is undefined<br>at find (orders.js:10:5)", "stack trace"),
        ("orders.rb:12:in `find'", "stack trace"),
        ("Warning: Undefined index in index.php on line 7", "stack trace"),
        ("#0 index.php(7): find()", "stack trace"),
        ("thread 'main' panicked at src/main.rs:3:5", "stack trace"),
        ("main.rs:3:5", "stack trace"),
        ("orders.go:17 +0x1d", "stack trace"),
        (r#"{"message":"SQLSTATE[42S02]: Base table or view not found"}"#, "database error"),
        ("You have an error in your SQL syntax; check the manual", "database error"),
        ("ORA-01756: quoted string not properly terminated", "database error"),
        (r#"{"detail":"duplicate key value violates unique constraint \"users_pkey\""}"#, "database error"),
        (r#"{"code":11000,"errmsg":"E11000 duplicate key error collection: shop.users"}"#, "database error"),
        ("SQLITE_CONSTRAINT: UNIQUE constraint failed: users.email", "database error"),
        ("connect ECONNREFUSED 127.0.0.1:5432", "internal address"),
        ("dial tcp: lookup db on 10.0.0.2:53: no such host", "internal address"),
        ("cannot reach shop-1:8000", "internal address"),
        ("cannot reach 203.0.113.9:8000", "internal address"),
        ("sent by 192.168.7.1.", "internal address"),
        (r#"{"host":"172.16.0.9"}"#, "internal address"),
        ("no file /var/www/shop/config.php", "internal path"),
        (r#"{"file":"\/var\/www\/shop\/config.php"}"#, "internal path"),
        ("(/usr/lib/x86_64/libssl.so)", "internal path"),
        (r"C:\inetpub\wwwroot", "internal path"),
        (r#"{"file":"D:\\sites\\shop"}"#, "internal path"),
        ("<h1>404</h1><hr><center>nginx/1.18.0</center>", "server version"),
    ];
    for (content, sign) in cases {
        assert_eq!(shows(content), Some(sign), "{content}");
    }
}

#[test]
fn honest_errors_show_nothing() {
    for content in [
        "",
        "{}",
        r#"{"type":"about:blank","title":"Not Found","status":404,"instance":"/home/devices/1"}"#,
        r#"{"errors":[{"pointer":"/app/name","detail":"is required"},{"pointer":"/etc/a.b"}]}"#,
        r#"{"error":"ValidationException: 2 fields are wrong: name, age"}"#,
        r#"{"message":"select a date from the list, or delete it from your cart"}"#,
        r#"{"version":"10.0.0.1.2","other":"1.10.0.1","build":"v10.0.0.1","long":"10.0.0.1-rc"}"#,
        r#"{"your_address":"203.0.113.9"}"#,
        r#"{"time":"A:\nB:\tC"}"#,
        r#"{"a:\\b":1}"#,
        "see https://shop.rs:8443/help and https://shop.py:80",
        "the file report.js is not yours, nor is https://cdn.example.com/home/report.js",
        "Node.js: 4 of 5, java: 17",
        "shop is closed",
        "\u{fffd}\0\u{1}",
    ] {
        assert_eq!(shows(content), None, "{content}");
    }
}

#[test]
fn no_content_is_too_odd_to_look_at() {
    let mut content: Vec<u8> = b"/var/.py:\\\"C:\\10.0.0.".to_vec();
    for length in (0..content.len()).rev() {
        content.truncate(length);
        find(&content, std::iter::empty());
        find(&content.iter().rev().copied().collect::<Vec<_>>(), std::iter::empty());
    }
}
